import type { Gate } from "../../../../server/http/contract/gates.ts";
import { useTexts } from "../../app/context.tsx";
import { useAnswer } from "../../app/use-answer.ts";
import { Icon } from "../../parts/icon.tsx";
import { Show } from "../../parts/loading.tsx";
import { gateLook } from "../../parts/tone.ts";
import { links } from "../../routing/links.ts";
import { Link } from "../../routing/location.tsx";
import { Decision } from "./decision.tsx";
import { PlanTable } from "./plan.tsx";

/** What a gate asks, as a question. */
export function questionOf(gate: Gate, texts: ReturnType<typeof useTexts>): string {
  if (gate.kind === "deploy" && gate.environment !== null) {
    if (gate.build === null) return texts.gate.rollBackQuestion(gate.project, gate.environment);
    return texts.gate.deployQuestion(gate.project, gate.build.ref, gate.environment);
  }
  return gate.message;
}

/** A gate on the page of the build that waits at it: the changes and the decision, without leaving. */
export function GateOnBuild(props: { readonly id: number }) {
  const texts = useTexts();
  const gate = useAnswer<"gate">(
    `/gates/${props.id}`,
    (event) => event.type === "gate.changed" && event.id === props.id,
  );
  return (
    <Show of={gate}>
      {(value) => {
        const look = gateLook(value.state);
        return (
          <div className="cols gcols">
            <section className="card" aria-labelledby={`gate-${value.id}`}>
              <div className="hd">
                <Icon name={look.icon} tone={look.tone} label={texts.state.gate[value.state]} />
                <h2 id={`gate-${value.id}`}>{questionOf(value, texts)}</h2>
                <Link to={links.gate(value.id)} className="far meta">
                  {texts.build.openGate}
                </Link>
              </div>
              {value.plan === null ? (
                <p className="pad m">{value.kind === "deploy" ? texts.gate.computing : texts.gate.noPlan}</p>
              ) : (
                <PlanTable plan={value.plan} />
              )}
            </section>
            <Decision gate={value} put={gate.put} docked={undefined} />
          </div>
        );
      }}
    </Show>
  );
}
