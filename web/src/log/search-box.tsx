import { useTexts } from "../app/context.tsx";
import { Icon } from "../parts/icon.tsx";

interface SearchBoxProps {
  readonly query: string;
  readonly change: (query: string) => void;
  readonly at: number;
  /** How many hits can be stepped through; undefined while it is not known. */
  readonly count: number | undefined;
  /** How many there are in the whole log. */
  readonly total: number | undefined;
  readonly go: (at: number) => void;
}

/** Searches the whole log; Enter and Shift-Enter step through the hits. */
export function SearchBox(props: SearchBoxProps) {
  const texts = useTexts();
  const { at, count } = props;
  const step = (by: number): void => {
    if (count !== undefined && count > 0) props.go((at + by + count) % count);
  };
  return (
    <search className="find">
      <Icon name="search" />
      <input
        aria-label={texts.log.searchLabel}
        placeholder={texts.log.search}
        value={props.query}
        onChange={(event) => props.change(event.target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") props.change("");
        }}
      />
      <span role="status">{props.total === undefined ? "" : texts.log.hits(at + 1, props.total)}</span>
      <button type="button" className="ib" aria-label={texts.log.previousHit} onClick={() => step(-1)}>
        <Icon name="upc" />
      </button>
      <button type="button" className="ib" aria-label={texts.log.nextHit} onClick={() => step(1)}>
        <Icon name="down" />
      </button>
    </search>
  );
}
