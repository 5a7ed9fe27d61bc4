import type { Build } from "../../../../server/http/contract/builds.ts";
import { useTexts } from "../../app/context.tsx";
import { useAnswer } from "../../app/use-answer.ts";
import { formatBytes } from "../../format/bytes.ts";
import { Icon } from "../../parts/icon.tsx";
import { Show } from "../../parts/loading.tsx";
import { Card, CopyButton, Empty, Person, Sha } from "../../parts/small.tsx";
import { Duration, Moment } from "../../parts/time.tsx";
import { links } from "../../routing/links.ts";
import { Link } from "../../routing/location.tsx";

/** Test results, failures first. */
export function TestsTab(props: { readonly build: Build }) {
  const { build } = props;
  const texts = useTexts();
  const tests = useAnswer<"tests">(
    `/builds/${build.id}/tests?limit=200`,
    (event) => event.build === build.id,
  );
  const { tests: sum } = build;
  return (
    <Card
      id="te"
      title={texts.build.tests}
      {...(sum === null ? {} : { note: texts.build.testSummary(sum.passed, sum.failed, sum.skipped) })}
    >
      <Show of={tests}>
        {(answer) =>
          answer.items.length === 0 ? (
            <Empty>{texts.build.noTests}</Empty>
          ) : (
            <ul className="rows">
              {answer.items.map((test) => (
                <li key={test.id}>
                  <Icon
                    name={
                      test.state === "failed" ? "failed" : test.state === "passed" ? "succeeded" : "notbuilt"
                    }
                    tone={
                      test.state === "failed" ? "failed" : test.state === "passed" ? "succeeded" : "aborted"
                    }
                    label={test.state === "failed" ? texts.build.testFailed : texts.build[test.state]}
                  />
                  {test.isNew ? <span className="tag bad-ink">{texts.build.testNew}</span> : null}
                  <span className="tn">
                    {test.suite} <b>{test.name}</b>
                  </span>
                  <span className="far m">
                    <Duration ms={test.durationMs} />
                  </span>
                  {test.step === null ? null : (
                    <Link to={links.step(build.project, build.number, test.step)}>
                      {texts.build.openStep(test.step)}
                    </Link>
                  )}
                  {test.message === null ? null : <code className="bad-ink full">{test.message}</code>}
                </li>
              ))}
            </ul>
          )
        }
      </Show>
    </Card>
  );
}

/** The commits of a build. */
export function ChangesTab(props: { readonly build: Build }) {
  const { build } = props;
  const texts = useTexts();
  return (
    <Card
      id="ch"
      title={build.lastGood === null ? texts.build.changed : texts.build.changedSince(build.lastGood)}
    >
      {build.commits.length === 0 ? (
        <Empty>{texts.build.noChanges}</Empty>
      ) : (
        <ol className="rows">
          {build.commits.map((commit) => (
            <li key={commit.sha}>
              <span>{commit.title}</span>
              <span className="far">
                <Sha sha={commit.sha} />
              </span>
              <Person name={commit.author} />
              {commit.atMs === null ? null : (
                <span className="m">
                  <Moment atMs={commit.atMs} />
                </span>
              )}
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

/** Files and images the build made. */
export function ArtifactsTab(props: { readonly build: Build }) {
  const { build } = props;
  const texts = useTexts();
  return (
    <Card id="ar" title={texts.build.artifacts}>
      {build.artifacts.length === 0 ? (
        <Empty>{texts.build.noArtifacts}</Empty>
      ) : (
        <ul className="rows">
          {build.artifacts.map((artifact) => (
            <li key={artifact.id}>
              <Icon name={artifact.kind === "image" ? "db" : "get"} />
              {artifact.kind === "file" && artifact.path !== null ? (
                <a href={artifact.path} download>
                  {artifact.name}
                </a>
              ) : (
                <code>{artifact.name}</code>
              )}
              {artifact.digest === null ? null : (
                <span className="dig">
                  {artifact.digest.slice(0, 19)}
                  <CopyButton text={artifact.digest} what={artifact.digest.slice(0, 19)} />
                </span>
              )}
              <span className="far m">
                {artifact.sizeBytes === null ? "" : formatBytes(artifact.sizeBytes)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Parameters as they were frozen, with what set them. */
export function ParametersTab(props: { readonly build: Build }) {
  const { build } = props;
  const texts = useTexts();
  return (
    <Card id="pa" title={texts.build.parameters}>
      {build.parameters.length === 0 ? (
        <Empty>{texts.build.noParameters}</Empty>
      ) : (
        <table className="grid-t">
          <thead>
            <tr>
              <th scope="col">{texts.common.name}</th>
              <th scope="col">{texts.build.value}</th>
              <th scope="col">{texts.build.origin}</th>
            </tr>
          </thead>
          <tbody>
            {build.parameters.map((parameter) => (
              <tr key={parameter.name}>
                <th scope="row">
                  <code>{parameter.name}</code>
                </th>
                <td>
                  <code>{parameter.value}</code>
                </td>
                <td className="m">{parameter.origin}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
