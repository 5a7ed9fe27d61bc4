import type { Following } from "../app/use-list.ts";
import { useTexts } from "../app/context.tsx";
import { ActError } from "./field.tsx";

/** The button for the next page of a list; nothing at its end. */
export function LoadMore<Item>(props: { readonly of: Following<Item> }) {
  const texts = useTexts();
  const { more, load, act } = props.of;
  if (!more) return null;
  return (
    <div className="more-l">
      <ActError act={act} />
      <button type="button" className="btn sm" disabled={act.busy} onClick={() => void load()}>
        {act.busy ? texts.common.loading : texts.common.loadMore}
      </button>
    </div>
  );
}
