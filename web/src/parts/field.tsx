import { useId, type ReactNode } from "react";
import { useTexts } from "../app/context.tsx";
import { errorText } from "./loading.tsx";
import { Icon } from "./icon.tsx";
import type { Act } from "../app/use-act.ts";

interface FieldProps {
  readonly label: ReactNode;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly type?: "text" | "password" | "email" | "number";
  readonly help?: string | undefined;
  readonly rows?: number;
  readonly required?: boolean;
  readonly autoComplete?: string;
  readonly mono?: boolean;
  readonly invalid?: boolean;
  readonly disabled?: boolean;
  readonly focus?: boolean;
}

/** One line or a box of text with its label above and its help below. */
export function Field(props: FieldProps) {
  const id = useId();
  const common = {
    id,
    className: props.mono === true ? "in mono" : "in",
    value: props.value,
    required: props.required ?? false,
    disabled: props.disabled ?? false,
    autoComplete: props.autoComplete ?? "off",
    "aria-describedby": props.help === undefined ? undefined : `${id}-help`,
    "aria-invalid": props.invalid === true ? true : undefined,
    spellCheck: false,
    // A dialog or a sign-in has one thing to fill in first.
    autoFocus: props.focus ?? false,
  } as const;
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      {props.rows === undefined ? (
        <input
          {...common}
          type={props.type ?? "text"}
          onChange={(event) => props.change(event.target.value)}
        />
      ) : (
        <textarea {...common} rows={props.rows} onChange={(event) => props.change(event.target.value)} />
      )}
      {props.help === undefined ? null : (
        <p className="help" id={`${id}-help`}>
          {props.help}
        </p>
      )}
    </div>
  );
}

/** A choice among a few words. */
export function Choice<Value extends string>(props: {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [Value, string])[];
  readonly change: (value: Value) => void;
  readonly hideLabel?: boolean;
  readonly disabled?: boolean;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id} className={props.hideLabel === true ? "vh" : undefined}>
        {props.label}
      </label>
      <select
        id={id}
        className="in"
        value={props.value}
        disabled={props.disabled ?? false}
        onChange={(event) => {
          const chosen = props.options.find(([value]) => value === event.target.value);
          if (chosen !== undefined) props.change(chosen[0]);
        }}
      >
        {props.options.map(([value, word]) => (
          <option key={value} value={value}>
            {word}
          </option>
        ))}
      </select>
    </div>
  );
}

/** What went wrong with the act just asked for, in a place that readers hear. */
export function ActError(props: { readonly act: Act }) {
  const texts = useTexts();
  if (props.act.error === undefined) return null;
  return (
    <div className="err-sum" role="alert">
      <Icon name="failed" tone="failed" />
      <p>{errorText(props.act.error, texts)}</p>
    </div>
  );
}
