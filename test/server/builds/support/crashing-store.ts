import { StoreError } from "../../../../server/store/errors.ts";
import { takeOwnLeases } from "../../../../server/store/leases.ts";
import type { Store } from "../../../../server/store/store.ts";

/** Where the life of a server ends: around a commit of the procedure of that name, at its n-th pass. */
export interface Death {
  readonly point: string;
  readonly moment: "before" | "after" | "after-but-error";
  readonly pass?: number;
}

/** A store as one life of a server has it: after the server's death nothing of that life is written any more. */
export interface MortalStore {
  readonly store: Store;
  readonly isDead: () => boolean;
  kill(): void;
  /** Resolves when it has died, by `kill` or at the point it was given. */
  readonly died: Promise<void>;
}

/** The part of a holder's name that stays the same over restarts. */
function serverOf(store: Store): string {
  return store.holder.split("/")[0] ?? "";
}

/**
 * The next life of the server on this database, as its start makes it: under a name of its own, with the leases of the
 * lives before taken from them unless they go on (`besides`).
 */
export async function beginLife(
  base: Store,
  name: string,
  options: { readonly death?: Death; readonly besides?: boolean } = {},
): Promise<MortalStore> {
  const holder = `${serverOf(base)}/${name}`;
  if (options.besides !== true) await base.call(takeOwnLeases, { server: serverOf(base), holder });
  const died = Promise.withResolvers<void>();
  const forget: (() => void)[] = [];
  const { death } = options;
  let left = death?.pass ?? 1;
  let dead = false;
  const kill = () => {
    dead = true;
    for (const end of forget.splice(0)) end();
    died.resolve();
  };
  const gone = () => new StoreError("away", "this life of the server is over");
  const fires = (point: string, moments: readonly Death["moment"][]) => {
    if (death === undefined || death.point !== point || !moments.includes(death.moment) || left === 0)
      return false;
    left -= 1;
    return left === 0;
  };
  const store: Store = {
    dialect: base.dialect,
    holder,
    db: base.db,
    nowMs: () => base.nowMs(),
    stepsBack: () => base.stepsBack(),
    onWritten(table, listener) {
      const end = base.onWritten(table, () => {
        if (!dead) listener();
      });
      forget.push(end);
      return end;
    },
    async call(called, input) {
      if (dead) throw gone();
      if (fires(called.name, ["before"])) kill();
      if (dead) throw gone();
      const result = await base.call(called, input);
      if (fires(called.name, ["after", "after-but-error"])) {
        if (death?.moment === "after-but-error")
          throw new StoreError("outcome_unknown", `committed ${called.name}, but the answer was lost`);
        kill();
      }
      if (dead) throw gone();
      return result;
    },
    close: async () => kill(),
  };
  return { store, isDead: () => dead, kill, died: died.promise };
}
