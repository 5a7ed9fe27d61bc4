import { useTexts } from "../app/context.tsx";
import { useTitle } from "../app/title.ts";
import { useAnswer } from "../app/use-answer.ts";
import { Show } from "../parts/loading.tsx";
import { Empty } from "../parts/small.tsx";
import { GateRow } from "./home.tsx";

/** Everything that waits for a person, what I may decide first. */
export function GatesPage() {
  const texts = useTexts();
  useTitle(texts.gates.title);
  const open = useAnswer<"gates">("/gates?state=open&limit=200", (event) => event.type === "gate.changed");
  const decided = useAnswer<"gates">("/gates?limit=50", (event) => event.type === "gate.changed");
  return (
    <>
      <div className="eh">
        <h1>{texts.gates.title}</h1>
      </div>
      <div className="stack">
        <section aria-label={texts.gates.open}>
          <Show of={open}>
            {({ items }) =>
              items.length === 0 ? (
                <div className="card">
                  <Empty>{texts.gates.empty}</Empty>
                </div>
              ) : (
                <ul className="card ask">
                  {items
                    .toSorted(
                      (a, b) => Number(b.mayDecide) - Number(a.mayDecide) || a.openedAtMs - b.openedAtMs,
                    )
                    .map((gate) => (
                      <GateRow key={gate.id} gate={gate} />
                    ))}
                </ul>
              )
            }
          </Show>
        </section>
        <Show of={decided}>
          {({ items }) => {
            const closed = items.filter((gate) => gate.state !== "open");
            if (closed.length === 0) return null;
            return (
              <section aria-labelledby="rd">
                <div className="sec">
                  <h2 id="rd">{texts.gates.recent}</h2>
                </div>
                <ul className="card ask">
                  {closed.map((gate) => (
                    <GateRow key={gate.id} gate={gate} />
                  ))}
                </ul>
              </section>
            );
          }}
        </Show>
      </div>
    </>
  );
}
