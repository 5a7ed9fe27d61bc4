import { useTexts } from "../app/context.tsx";
import { useTitle } from "../app/title.ts";
import { useAnswer } from "../app/use-answer.ts";
import { Show } from "../parts/loading.tsx";
import { Empty } from "../parts/small.tsx";
import { Moment } from "../parts/time.tsx";
import { Link } from "../routing/location.tsx";

/** All that runs or waits: why, since when, and who or what can end it. */
export function ProcessesPage() {
  const texts = useTexts();
  useTitle(texts.processes.title);
  const list = useAnswer<"processes">("/processes", (event) => event.type !== "delivery.changed");
  return (
    <>
      <div className="eh">
        <h1>{texts.processes.title}</h1>
      </div>
      <section className="card" aria-label={texts.processes.title}>
        <Show of={list}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>{texts.processes.empty}</Empty>
            ) : (
              <table className="grid-t">
                <thead>
                  <tr>
                    <th scope="col">{texts.processes.what}</th>
                    <th scope="col">{texts.common.state}</th>
                    <th scope="col">{texts.processes.why}</th>
                    <th scope="col">{texts.processes.since}</th>
                    <th scope="col">{texts.processes.who}</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((process) => (
                    <tr key={`${process.kind}.${process.id}`}>
                      <th scope="row">
                        <span className="m">{texts.processes.kind[process.kind]}</span>{" "}
                        <Link to={process.path}>{process.title}</Link>
                      </th>
                      <td>{process.state}</td>
                      <td>{process.wait?.text}</td>
                      <td>
                        <Moment atMs={process.sinceAtMs} />
                      </td>
                      <td>{process.wait?.endedBy}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Show>
      </section>
    </>
  );
}
