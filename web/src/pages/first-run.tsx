import type { Answer } from "../../../server/http/contract.ts";
import { useTexts } from "../app/context.tsx";
import { Icon } from "../parts/icon.tsx";
import { Card, CopyBox } from "../parts/small.tsx";

type Checks = Answer<"checklist">["items"];

/** Things the server checked itself, each with what to do where it is not well. */
export function CheckList(props: { readonly checks: Checks }) {
  const texts = useTexts();
  return (
    <ul className="ev">
      {props.checks.map((check) => (
        <li key={check.name}>
          <Icon
            name={check.ok ? "succeeded" : "unstable"}
            tone={check.ok ? "succeeded" : "unstable"}
            label={check.ok ? texts.firstRun.done : texts.firstRun.todo}
          />
          <span>
            {check.text}
            {check.ok || check.fix === null ? null : <span className="meta block">{check.fix}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What stands on the first page until a project is connected. */
export function FirstRun(props: { readonly checks: Checks }) {
  const texts = useTexts();
  return (
    <>
      <div className="fr-h">
        <h1>{texts.firstRun.title}</h1>
        <p className="m">{texts.firstRun.text}</p>
      </div>
      <div className="cols frc">
        <div className="stack12">
          <Card id="todo" title={texts.firstRun.steps}>
            <CheckList checks={props.checks} />
          </Card>
          <Card id="add" title={texts.firstRun.addTitle}>
            <div className="pad stack12">
              <p>{texts.firstRun.addText}</p>
              <pre className="sample" tabIndex={0} aria-label="sluice.yml">
                <code>{texts.firstRun.example}</code>
              </pre>
            </div>
          </Card>
        </div>
        <aside className="stack12">
          <Card id="look" title={texts.firstRun.lookTitle}>
            <div className="pad">
              <p className="m">{texts.firstRun.lookText}</p>
              <div className="mt">
                <CopyBox text="npm run demo" what="npm run demo" />
              </div>
            </div>
          </Card>
        </aside>
      </div>
    </>
  );
}
