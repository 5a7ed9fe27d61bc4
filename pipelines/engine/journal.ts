import type { Begin, EffectId } from "../ports.ts";

/** What the journal knows of an effect that had begun before. */
export type KnownEffect = { readonly name: string; readonly argsHash: string };

export type SortedBegins = {
  /** Begun in an earlier life: nothing to insert. */
  readonly known: readonly Begin[];
  readonly fresh: readonly Begin[];
  /** Same id, other name or arguments: the build cannot go on from its journal. */
  readonly mismatched: readonly Mismatch[];
};

export type Mismatch = { readonly begin: Begin; readonly recorded: KnownEffect };

/** Holds the begins of a turn against the journal. Pure: the caller looks rows up and inserts what is fresh. */
export function sortBegins(
  begins: readonly Begin[],
  lookUp: (id: EffectId) => KnownEffect | undefined,
): SortedBegins {
  const known: Begin[] = [];
  const fresh: Begin[] = [];
  const mismatched: Mismatch[] = [];
  for (const begin of begins) {
    const recorded = lookUp(begin.id);
    if (recorded === undefined) fresh.push(begin);
    else if (recorded.name === begin.name && recorded.argsHash === begin.argsHash) known.push(begin);
    else mismatched.push({ begin, recorded });
  }
  return { known, fresh, mismatched };
}

/** Says what differs, for the reason of a build that ends with code `journal_mismatch`. */
export function describeMismatch(mismatch: Mismatch): string {
  const { begin, recorded } = mismatch;
  const where = `line ${begin.span.line}, effect ${begin.id}`;
  if (begin.name !== recorded.name)
    return `${where}: the journal has ${recorded.name}, this version of Sluice asks for ${begin.name}`;
  return `${where}: ${begin.name} was begun with other arguments than this version of Sluice gives it`;
}
