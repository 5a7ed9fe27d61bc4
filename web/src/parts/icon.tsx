import type { IconName } from "./icon-name.ts";
import type { Tone } from "./tone.ts";

interface IconProps {
  readonly name: IconName;
  readonly tone?: Tone | undefined;
  /** The word for readers who do not see it; left out beside its own word. */
  readonly label?: string | undefined;
  readonly spin?: boolean | undefined;
}

/** A shape of the sprite. */
export function Icon(props: IconProps) {
  const classes = ["i", props.tone === undefined ? "" : `t-${props.tone}`, props.spin === true ? "spin" : ""];
  const className = classes.filter((name) => name !== "").join(" ");
  if (props.label === undefined) {
    return (
      <svg className={className} viewBox="0 0 16 16" aria-hidden="true">
        <use href={`#${props.name}`} />
      </svg>
    );
  }
  return (
    <svg className={className} viewBox="0 0 16 16" role="img" aria-label={props.label}>
      <use href={`#${props.name}`} />
    </svg>
  );
}
