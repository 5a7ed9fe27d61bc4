import { useEffect, useRef, useState, type ReactNode } from "react";
import { copyText } from "../app/copy.ts";
import { useTexts } from "../app/context.tsx";
import type { IconName } from "./icon-name.ts";
import { Icon } from "./icon.tsx";
import type { Look } from "./tone.ts";

/** A state as shape and word together. */
export function Pill(props: { readonly look: Look; readonly children: ReactNode }) {
  return (
    <span className={`pill p-${props.look.tone}`}>
      <Icon name={props.look.icon} tone={props.look.tone} />
      {props.children}
    </span>
  );
}

/** A person by initial and name. The colour comes from the name: nothing is fetched from elsewhere. */
export function Person(props: { readonly name: string }) {
  // A bare commit of plain git may come without a name.
  if (props.name === "") return null;
  const grounds = ["a", "l", "w", "m"] as const;
  let sum = 0;
  for (const letter of props.name) sum += letter.codePointAt(0) ?? 0;
  return (
    <span className="who">
      <span className={`av av-${grounds[sum % grounds.length] ?? "a"}`} aria-hidden="true">
        {props.name.slice(0, 1)}
      </span>
      {props.name}
    </span>
  );
}

/** A branch, tag or change request as written at the code host. */
export function RefName(props: { readonly kind: string; readonly name: string }) {
  const icon: IconName = props.kind === "tag" ? "tag" : props.kind === "commit" ? "flag" : "branch";
  return (
    <span className="ref">
      <Icon name={icon} />
      <span>{props.kind === "change" ? `!${props.name}` : props.name}</span>
    </span>
  );
}

/** A commit, short. */
export function Sha(props: { readonly sha: string }) {
  return (
    <code className="sha" title={props.sha}>
      {props.sha.slice(0, 7)}
    </code>
  );
}

/** A button that copies and says that it did. */
export function CopyButton(props: { readonly text: string; readonly what: string; readonly words?: string }) {
  const texts = useTexts();
  const [copied, setCopied] = useState(false);
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    await copyText(props.text);
    setCopied(true);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setCopied(false), 2000);
  };
  const said = copied ? texts.common.copied : texts.common.copyWhat(props.what);
  if (props.words === undefined) {
    return (
      <button type="button" className="ib" aria-label={said} title={said} onClick={() => void copy()}>
        <Icon name={copied ? "tick" : "copy"} />
      </button>
    );
  }
  return (
    <button type="button" className="btn sm" aria-label={said} onClick={() => void copy()}>
      <Icon name={copied ? "tick" : "copy"} />
      {copied ? texts.common.copied : props.words}
    </button>
  );
}

/** Something to copy whole: an address, a secret, a command. */
export function CopyBox(props: { readonly text: string; readonly what: string }) {
  const texts = useTexts();
  return (
    <div className="box-copy">
      <code>{props.text}</code>
      <CopyButton text={props.text} what={props.what} words={texts.common.copy} />
    </div>
  );
}

interface CardProps {
  readonly id: string;
  readonly title: ReactNode;
  readonly note?: ReactNode;
  readonly aside?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A card with its heading; the heading names the region for readers. */
export function Card(props: CardProps) {
  return (
    <section className={`card ${props.className ?? ""}`} aria-labelledby={props.id}>
      <div className="hd">
        <h2 id={props.id}>{props.title}</h2>
        {props.note === undefined ? null : <span className="m">{props.note}</span>}
        {props.aside === undefined ? null : <span className="far acts">{props.aside}</span>}
      </div>
      {props.children}
    </section>
  );
}

/** A sentence that stands out: good, a warning, bad, something that waits, or just worth knowing. */
export function Note(props: {
  readonly kind: "info" | "good" | "warn" | "bad" | "wait";
  readonly icon?: IconName;
  readonly role?: "status" | "alert";
  readonly acts?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}) {
  const shapes = {
    info: "flag",
    good: "succeeded",
    warn: "unstable",
    bad: "failed",
    wait: "waiting",
  } as const;
  const tones = {
    info: "aborted",
    good: "succeeded",
    warn: "unstable",
    bad: "failed",
    wait: "waiting",
  } as const;
  return (
    <div className={`note ${props.kind} ${props.className ?? ""}`} role={props.role}>
      <Icon name={props.icon ?? shapes[props.kind]} tone={tones[props.kind]} />
      <p>{props.children}</p>
      {props.acts === undefined ? null : <span className="acts">{props.acts}</span>}
    </div>
  );
}

/** A sentence of the server's: what it wrote between backticks is somebody's own words, set as such. */
export function Said(props: { readonly text: string }) {
  return props.text
    .split("`")
    .map((part, index) => (index % 2 === 0 ? part : <code key={index}>{part}</code>));
}

/** What stands where a list is empty: how to fill it. */
export function Empty(props: { readonly children: ReactNode }) {
  return <p className="empty m">{props.children}</p>;
}
