import { useEffect, useState, type ReactNode } from "react";
import type { ApiError } from "../api/api.ts";
import type { Loaded } from "../app/use-answer.ts";
import { useTexts } from "../app/context.tsx";
import { Icon } from "./icon.tsx";

const SKELETON_AFTER_MS = 200;

/** Grey rows while something is read for the first time; not before 200 ms, because a flash is worse than nothing. */
export function Skeleton(props: { readonly rows?: number }) {
  const texts = useTexts();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setLate(true), SKELETON_AFTER_MS);
    return () => window.clearTimeout(timer);
  }, []);
  if (!late) return null;
  return (
    <div className="card pad skeleton" role="status">
      <span className="vh">{texts.common.loading}</span>
      {Array.from({ length: props.rows ?? 4 }, (_, index) => (
        <span key={index} className="sk" />
      ))}
    </div>
  );
}

/** The sentence for an error, without blame: no answer, not allowed, or what the server said. */
export function errorText(error: ApiError, texts: ReturnType<typeof useTexts>): string {
  if (error.code === "page_error") return `${texts.common.pageError} ${error.message}`;
  if (error.status === 0) return texts.common.noAnswer;
  if (error.status === 403) return error.message === "" ? texts.common.forbidden : error.message;
  return error.message;
}

/** What went wrong and what to do, with the id under which the server's log has it. */
export function Failed(props: { readonly error: ApiError; readonly retry?: () => void }) {
  const texts = useTexts();
  return (
    <div className="note bad" role="alert">
      <Icon name="failed" tone="failed" />
      <p>
        <b>{texts.common.failedToLoad}</b> {errorText(props.error, texts)}
        {props.error.requestId === undefined ? null : (
          <span className="meta block">{texts.common.requestId(props.error.requestId)}</span>
        )}
      </p>
      {props.retry === undefined ? null : (
        <button type="button" className="btn sm" onClick={props.retry}>
          {texts.common.tryAgain}
        </button>
      )}
    </div>
  );
}

/** Shows what was read; before that a skeleton, after a failure the error. Old data stays when a refresh fails. */
export function Show<T>(props: {
  readonly of: Loaded<T>;
  readonly rows?: number;
  readonly children: (value: T) => ReactNode;
}) {
  const { value, error, reload } = props.of;
  if (value !== undefined) return props.children(value);
  if (error !== undefined) return <Failed error={error} retry={reload} />;
  return <Skeleton rows={props.rows ?? 4} />;
}
