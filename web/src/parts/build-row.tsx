import type { BuildSummary } from "../../../server/http/contract/builds.ts";
import { useTexts } from "../app/context.tsx";
import { links } from "../routing/links.ts";
import { Link } from "../routing/location.tsx";
import { Icon } from "./icon.tsx";
import { Person, RefName } from "./small.tsx";
import { StageBar } from "./stage-bar.tsx";
import { Moment, Took } from "./time.tsx";
import { buildLook, deploymentLook } from "./tone.ts";

/** A build's state as one shape, with its word for readers. */
export function BuildIcon(props: { readonly build: Pick<BuildSummary, "state" | "reason"> }) {
  const texts = useTexts();
  const fault = props.build.reason?.fault;
  const look = buildLook(props.build.state, fault);
  const ours = props.build.state === "failed" && fault === "sluice";
  return (
    <Icon
      name={look.icon}
      tone={look.tone}
      label={ours ? texts.state.ourSide : texts.state.build[props.build.state]}
      spin={props.build.state === "running"}
    />
  );
}

/** One build in a list: state, ref, what, who, number, stages, time, where it runs. */
export function BuildRow(props: { readonly build: BuildSummary }) {
  const texts = useTexts();
  const { build } = props;
  const live = deploymentLook("succeeded");
  return (
    <li className="br">
      <BuildIcon build={build} />
      <div className="br-ref">
        <RefName kind={build.ref.kind} name={build.ref.name} />
      </div>
      <div className="br-c">
        <Link to={build.path} className="subj">
          {build.title === "" ? (build.displayName ?? `#${build.number}`) : build.title}
        </Link>
      </div>
      <span className="br-who">
        <Person name={build.author.name} />
      </span>
      <Link
        to={links.build(build.project, build.number)}
        className="no"
        label={`${build.project} #${build.number}`}
      >
        #{build.number}
      </Link>
      <StageBar stages={build.stages} />
      <span className="took">
        <Took startedAtMs={build.startedAtMs} endedAtMs={build.endedAtMs} />
      </span>
      <span className="when">
        <Moment atMs={build.endedAtMs ?? build.startedAtMs ?? build.createdAtMs} />
      </span>
      <span className="env">
        {build.liveIn.map((environment) => (
          <Link key={environment} to={links.environment(environment)} className="chip">
            <Icon name={live.icon} tone={live.tone} label={texts.builds.liveIn(environment)} />
            {environment}
          </Link>
        ))}
      </span>
    </li>
  );
}

/** Builds under the name of their project, in the order given. */
export function BuildsByProject(props: { readonly builds: readonly BuildSummary[] }) {
  const groups = new Map<string, BuildSummary[]>();
  for (const build of props.builds) groups.set(build.project, [...(groups.get(build.project) ?? []), build]);
  return (
    <div className="card proj">
      {[...groups].map(([project, builds]) => (
        <BuildGroup
          key={project}
          title={<Link to={links.project(project)}>{project}</Link>}
          builds={builds}
        />
      ))}
    </div>
  );
}

/** Builds under one heading, in the grid that all groups of a list share. */
export function BuildGroup(props: {
  readonly title: React.ReactNode;
  readonly builds: readonly BuildSummary[];
}) {
  return (
    <>
      <div className="ph">
        <h2>{props.title}</h2>
      </div>
      <ul>
        {props.builds.map((build) => (
          <BuildRow key={build.id} build={build} />
        ))}
      </ul>
    </>
  );
}
