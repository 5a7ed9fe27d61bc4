import { formatDuration } from "../format/duration.ts";
import { formatExact, formatRelative } from "../format/time.ts";
import { useNow, useSpeech } from "../app/context.tsx";

/** A moment, told relative to now; the exact time with its zone is in its hint. */
export function Moment(props: { readonly atMs: number }) {
  const { language } = useSpeech();
  const nowMs = useNow();
  return (
    <time dateTime={new Date(props.atMs).toISOString()} title={formatExact(props.atMs, language)}>
      {formatRelative(props.atMs, nowMs, language)}
    </time>
  );
}

/** A length of time that is known. */
export function Duration(props: { readonly ms: number }) {
  const { language } = useSpeech();
  return <span className="nw">{formatDuration(props.ms, language)}</span>;
}

/** How long something took, or has been going on by now; nothing for what has not begun. */
export function Took(props: { readonly startedAtMs: number | null; readonly endedAtMs: number | null }) {
  const nowMs = useNow();
  if (props.startedAtMs === null) return null;
  return <Duration ms={Math.max(0, (props.endedAtMs ?? nowMs) - props.startedAtMs)} />;
}
