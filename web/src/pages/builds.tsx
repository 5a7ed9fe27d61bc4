import type { BuildState, BuildSummary } from "../../../server/http/contract/builds.ts";
import { useTexts } from "../app/context.tsx";
import { useTitle } from "../app/title.ts";
import { useAnswer } from "../app/use-answer.ts";
import { useFollowing } from "../app/use-list.ts";
import { BuildsByProject } from "../parts/build-row.tsx";
import { LoadMore } from "../parts/load-more.tsx";
import { Show } from "../parts/loading.tsx";
import { Empty } from "../parts/small.tsx";
import { links } from "../routing/links.ts";
import { Link, usePlace } from "../routing/location.tsx";

const FILTERS = [
  "queued",
  "running",
  "waiting",
  "succeeded",
  "unstable",
  "failed",
  "aborted",
] as const satisfies readonly BuildState[];

/** Builds of all projects, newest first, filtered by state; the filter is part of the address. */
export function BuildsPage() {
  const texts = useTexts();
  useTitle(texts.builds.title);
  const { address } = usePlace();
  const state = FILTERS.find((word) => word === address.query.get("status"));
  const path = `/builds?limit=50${state === undefined ? "" : `&state=${state}`}`;
  const list = useAnswer<"builds">(
    path,
    (event) => event.type === "build.changed" || event.type === "deployment.changed",
  );
  const following = useFollowing<BuildSummary>(path, list.value, (api, cursor) =>
    api.read<"builds">(`${path}&after=${encodeURIComponent(cursor)}`),
  );
  return (
    <>
      <div className="eh">
        <h1>{texts.builds.title}</h1>
        <nav className="far chips" aria-label={texts.builds.filter}>
          <Link to={links.builds} className="chip" current={state === undefined ? "true" : undefined}>
            {texts.builds.all}
          </Link>
          {FILTERS.map((word) => (
            <Link
              key={word}
              to={`${links.builds}?status=${word}`}
              className="chip"
              current={state === word ? "true" : undefined}
            >
              {texts.state.build[word]}
            </Link>
          ))}
        </nav>
      </div>
      <Show of={list} rows={8}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="card">
              <Empty>{texts.builds.empty}</Empty>
            </div>
          ) : (
            <BuildsByProject builds={[...items, ...following.items]} />
          )
        }
      </Show>
      <LoadMore of={following} />
    </>
  );
}
