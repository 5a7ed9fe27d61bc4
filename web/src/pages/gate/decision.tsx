import { useId, useRef, useState, type RefObject } from "react";
import type { DecisionRequest, FormField, Gate } from "../../../../server/http/contract/gates.ts";
import { useMe, useStale, useTexts } from "../../app/context.tsx";
import { Dialog, DialogActs } from "../../parts/dialog.tsx";
import { Choice, Field } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { errorText } from "../../parts/loading.tsx";
import { Note, Person, Pill } from "../../parts/small.tsx";
import { Moment } from "../../parts/time.tsx";
import { gateLook } from "../../parts/tone.ts";
import { links } from "../../routing/links.ts";
import { Link } from "../../routing/location.tsx";
import { useDecision, type Phase } from "./use-decision.ts";

/** A person's sign-in name; whoever else may decide is told in words. */
const LOGIN = /^\S+$/;

type Values = Readonly<Record<string, string | boolean>>;

/** What the button that approves says: verb, object, place. */
export function approveWord(gate: Gate, texts: ReturnType<typeof useTexts>): string {
  if (gate.kind === "deploy" && gate.environment !== null) return texts.gate.deploy(gate.environment);
  return gate.okLabel;
}

function firstValues(form: readonly FormField[]): Values {
  const values: Record<string, string | boolean> = {};
  for (const field of form) {
    values[field.name] =
      field.type === "boolean" ? field.default === "true" : (field.default ?? field.choices[0] ?? "");
  }
  return values;
}

function FormInput(props: {
  readonly field: FormField;
  readonly value: string | boolean;
  readonly change: (value: string | boolean) => void;
}) {
  const { field, value } = props;
  const label = field.description === null || field.description === "" ? field.name : field.description;
  if (field.type === "boolean") {
    return (
      <div className="field opts">
        <label>
          <input
            type="checkbox"
            checked={value === true}
            onChange={(event) => props.change(event.target.checked)}
          />
          {label}
        </label>
      </div>
    );
  }
  const text = typeof value === "string" ? value : "";
  if (field.type === "choice") {
    return (
      <Choice
        label={label}
        value={text}
        options={field.choices.map((word) => [word, word] as const)}
        change={props.change}
      />
    );
  }
  return (
    <Field
      label={label}
      value={text}
      change={props.change}
      {...(field.type === "password" ? { type: "password" as const } : {})}
      {...(field.type === "text" ? { rows: 3 } : {})}
    />
  );
}

function PhaseNote(props: { readonly phase: Phase }) {
  const texts = useTexts();
  const { phase } = props;
  const said =
    phase.kind === "checking"
      ? texts.gate.notSure
      : phase.kind === "stale"
        ? texts.gate.stale
        : phase.kind === "overtaken"
          ? texts.gate.decidedMeanwhile
          : phase.kind === "not_arrived"
            ? texts.gate.notArrived
            : phase.kind === "refused"
              ? errorText(phase.error, texts)
              : undefined;
  return (
    <div role="status" aria-live="polite">
      {said === undefined ? null : (
        <Note kind={phase.kind === "refused" ? "bad" : "warn"} className="flat">
          {said}
        </Note>
      )}
    </div>
  );
}

/** How a gate ended, in words: who, when, why. */
export function Outcome(props: { readonly gate: Gate }) {
  const { gate } = props;
  const texts = useTexts();
  if (gate.state === "open") return null;
  const who = gate.decidedBy ?? "";
  return (
    <div className="df" role="status">
      <p>
        {gate.state === "approved" &&
          (who === "" ? texts.gate.approvedNoName : texts.gate.approvedAt(who, ""))}
        {gate.state === "rejected" &&
          (who === "" ? texts.gate.rejectedNoName : texts.gate.rejectedAt(who, ""))}
        {gate.state === "expired" && texts.gate.expiredAt("")}
        {gate.state === "withdrawn" && texts.gate.withdrawn}{" "}
        {gate.decidedAtMs === null ? null : <Moment atMs={gate.decidedAtMs} />}
      </p>
      {gate.reason === null || gate.reason === "" ? null : <p className="m">“{gate.reason}”</p>}
      <p className="acts mt">
        {gate.deployment === null ? null : (
          <Link to={links.deployment(gate.deployment)} className="btn">
            {texts.gate.toDeployment}
          </Link>
        )}
        {gate.build === null ? null : (
          <Link to={gate.build.path} className="btn">
            {texts.gate.toBuild}
          </Link>
        )}
      </p>
    </div>
  );
}

function People(props: { readonly gate: Gate }) {
  const { gate } = props;
  const texts = useTexts();
  const me = useMe();
  const decided = new Set(gate.approvals.map((approval) => approval.by));
  const waits =
    gate.state === "open" && (gate.approvers.length > 0 || (!gate.mayDecide && gate.whyNot !== null));
  if (gate.approvals.length === 0 && !waits) return null;
  return (
    <ul className="ppl">
      {gate.approvals.map((approval) => (
        <li key={`${approval.by}.${approval.atMs}`}>
          <Icon
            name={approval.decision === "approve" ? "approved" : "rejected"}
            tone={approval.decision === "approve" ? "succeeded" : "failed"}
          />
          <span>
            <Person name={approval.by} />{" "}
            {approval.decision === "approve" ? texts.gate.approvedBy : texts.gate.rejectedBy}
          </span>
          <span className="m">
            <Moment atMs={approval.atMs} />
          </span>
          {approval.reason === null || approval.reason === "" ? null : (
            <span className="meta q">“{approval.reason}”</span>
          )}
        </li>
      ))}
      {gate.state !== "open"
        ? null
        : gate.approvers
            .filter((name) => !decided.has(name))
            .map((name) => (
              <li key={name} className={name === me.login ? "you" : ""}>
                <Icon name="waiting" tone="waiting" />
                <span>
                  {LOGIN.test(name) ? <Person name={name} /> : name} {name === me.login ? texts.gate.you : ""}
                </span>
                <span className="m">{texts.gate.canDecide}</span>
              </li>
            ))}
      {gate.state === "open" && !gate.mayDecide && gate.whyNot !== null ? (
        <li className="cant">
          <Icon name="withdrawn" tone="aborted" />
          <span>
            <Person name={me.login} /> {texts.gate.you}
          </span>
          <span className="meta q">{gate.whyNot}</span>
        </li>
      ) : null}
    </ul>
  );
}

interface Question {
  readonly choice: "approve" | "reject";
}

function Ask(props: {
  readonly gate: Gate;
  readonly question: Question;
  readonly reason: string;
  readonly changeReason: (reason: string) => void;
  readonly close: () => void;
  readonly decide: () => void;
}) {
  const { gate, question, reason } = props;
  const texts = useTexts();
  const stale = useStale();
  const [typed, setTyped] = useState("");
  const name = gate.environment ?? "";
  const approving = question.choice === "approve";
  const byName = approving && gate.confirm === "name";
  const missing = (gate.reasonRequired && reason.trim() === "") || (byName && typed !== name);
  return (
    <Dialog title={approving ? texts.gate.confirmTitle(name) : texts.gate.rejectTitle} close={props.close}>
      {approving ? (
        <p>{texts.gate.startsAtOnce}</p>
      ) : (
        <p>{gate.build === null ? texts.gate.rejectNoBuild : texts.gate.rejectText}</p>
      )}
      {approving ? null : (
        <Field
          label={texts.gate.why}
          value={reason}
          change={props.changeReason}
          rows={3}
          help={texts.gate.whyHelp}
          focus
        />
      )}
      {byName ? <Field label={texts.gate.confirmName(name)} value={typed} change={setTyped} focus /> : null}
      <DialogActs close={props.close}>
        <button
          type="button"
          className={approving ? "btn go" : "btn kill"}
          disabled={missing || stale !== undefined}
          onClick={props.decide}
        >
          {approving ? approveWord(gate, texts) : texts.gate.rejectButton}
        </button>
      </DialogActs>
    </Dialog>
  );
}

interface DecisionProps {
  readonly gate: Gate;
  readonly put: (gate: Gate) => void;
  /** Set where the buttons stand at the foot of a small screen; false until the changes were on screen. */
  readonly docked: { readonly seen: boolean } | undefined;
}

function useReasonFocus(): { readonly box: RefObject<HTMLDivElement | null>; readonly focus: () => void } {
  const box = useRef<HTMLDivElement>(null);
  return { box, focus: () => box.current?.querySelector("textarea")?.focus() };
}

/** Who may decide and who did, and the two buttons, far from each other. Nothing here is ever ahead of the server. */
export function Decision(props: DecisionProps) {
  const { gate } = props;
  const texts = useTexts();
  const stale = useStale();
  const heading = useId();
  const { phase, decide, busy } = useDecision(gate, props.put);
  const [reason, setReason] = useState("");
  const [values, setValues] = useState<Values>(() => firstValues(gate.form));
  const [question, setQuestion] = useState<Question | undefined>(undefined);
  const [lacksReason, setLacksReason] = useState(false);
  const reasonField = useReasonFocus();
  const approvals = gate.approvals.filter((approval) => approval.decision === "approve").length;
  const look = gateLook(gate.state);
  const off = busy || stale !== undefined;
  const deciding = gate.state === "open" && gate.mayDecide;

  const sendDecision = (decision: "approve" | "reject"): void => {
    setQuestion(undefined);
    const request: DecisionRequest = {
      decision,
      ...(gate.planHash === null ? {} : { planHash: gate.planHash }),
      ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
      ...(decision === "approve" && gate.form.length > 0 ? { values: { ...values } } : {}),
    };
    void decide(request);
  };
  const approve = (): void => {
    if (gate.reasonRequired && reason.trim() === "") {
      setLacksReason(true);
      reasonField.focus();
      return;
    }
    if (gate.confirm === "none") sendDecision("approve");
    else setQuestion({ choice: "approve" });
  };
  const word = busy ? texts.common.sending : approveWord(gate, texts);
  const more = gate.needed - approvals - 1;
  return (
    <aside
      className={`card dec ${gate.state === "open" ? "" : "decided"} ${props.docked === undefined ? "" : "has-dock"}`}
      aria-labelledby={heading}
    >
      <div className="hd">
        <h2 id={heading}>{texts.gate.decision}</h2>
        <span className="far">
          <Pill look={look}>
            {gate.state === "open" && gate.needed > 1
              ? texts.gate.approvals(approvals, gate.needed)
              : texts.state.gate[gate.state]}
          </Pill>
        </span>
      </div>
      <People gate={gate} />
      <PhaseNote phase={phase} />
      <Outcome gate={gate} />
      {deciding ? (
        <>
          <form
            className="df"
            onSubmit={(event) => {
              event.preventDefault();
              approve();
            }}
          >
            {gate.form.map((field) => (
              <FormInput
                key={field.name}
                field={field}
                value={values[field.name] ?? ""}
                change={(value) => setValues({ ...values, [field.name]: value })}
              />
            ))}
            <div ref={reasonField.box}>
              <Field
                label={
                  <>
                    {texts.gate.why}{" "}
                    <span className="m norm">
                      {gate.reasonRequired
                        ? texts.gate.required(gate.environment ?? gate.project)
                        : texts.gate.optional}
                    </span>
                  </>
                }
                value={reason}
                change={(value) => {
                  setReason(value);
                  setLacksReason(false);
                }}
                rows={3}
                help={lacksReason ? texts.gate.whyNeeded : texts.gate.whyHelp}
                invalid={lacksReason}
              />
            </div>
            <button type="submit" className="btn go wide big dep-b" disabled={off}>
              {word}
            </button>
            <p className="help">
              {stale !== undefined
                ? texts.live.notConnected
                : more > 0
                  ? texts.gate.oneMore(more)
                  : gate.kind === "deploy"
                    ? texts.gate.startsAtOnce
                    : ""}
            </p>
          </form>
          {gate.planHash === null ? null : (
            <dl className="kv meta bind">
              <dt>{texts.gate.planHash}</dt>
              <dd>
                <code>{gate.planHash.slice(0, 8)}</code> {texts.gate.planBound}
              </dd>
            </dl>
          )}
          <div className="rej">
            <button
              type="button"
              className="btn no"
              disabled={off}
              onClick={() => setQuestion({ choice: "reject" })}
            >
              {texts.gate.reject}
            </button>
            <p className="meta">{gate.build === null ? texts.gate.rejectNoBuild : texts.gate.rejectText}</p>
          </div>
          {props.docked === undefined ? null : (
            <div className="dock" role="group" aria-label={texts.gate.dock}>
              {props.docked.seen ? null : <p className="meta seen">{texts.gate.seen}</p>}
              <button
                type="button"
                className="btn no"
                disabled={off}
                onClick={() => setQuestion({ choice: "reject" })}
              >
                {texts.gate.reject}
              </button>
              <button type="button" className="btn go" disabled={off || !props.docked.seen} onClick={approve}>
                {word}
              </button>
            </div>
          )}
        </>
      ) : null}
      {question === undefined ? null : (
        <Ask
          gate={gate}
          question={question}
          reason={reason}
          changeReason={setReason}
          close={() => setQuestion(undefined)}
          decide={() => sendDecision(question.choice)}
        />
      )}
    </aside>
  );
}
