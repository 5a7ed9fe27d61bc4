import type { ClassDefinition } from "../classes.ts";
import type { Frame } from "../frame.ts";
import { Ref } from "../values.ts";

/** A local variable as the compiler knows it. */
export interface Variable {
  readonly name: string;
  readonly slot: number;
  /** The full name of its type; null for `def`. */
  readonly type: string | null;
  readonly owner: CodeScope;
}

/** Where a name's value is when code runs. */
export type Place =
  | { readonly in: "frame"; readonly slot: number; readonly variable: Variable }
  | { readonly in: "captured"; readonly index: number; readonly variable: Variable };

/** The scope of one body of code: a script, a method, a closure. Its variables share a frame. */
export class CodeScope {
  /** The block in which this closure stands; null for a script or method, which sees no locals around it. */
  readonly around: BlockScope | null;
  readonly definition: ClassDefinition | null;
  readonly isStatic: boolean;
  readonly isScriptBody: boolean;
  slots = 0;
  readonly captures: { readonly variable: Variable; readonly from: Place }[] = [];
  constructor(
    around: BlockScope | null,
    definition: ClassDefinition | null,
    options: { readonly isStatic?: boolean; readonly isScriptBody?: boolean } = {},
  ) {
    this.around = around;
    this.definition = definition;
    this.isStatic = options.isStatic ?? false;
    this.isScriptBody = options.isScriptBody ?? false;
  }

  /** The place from which this code reads a variable of the code around it. */
  capture(variable: Variable, from: Place): Place {
    let index = this.captures.findIndex((each) => each.variable === variable);
    if (index < 0) {
      index = this.captures.length;
      this.captures.push({ variable, from });
    }
    return { in: "captured", index, variable };
  }
}

/** The names declared in a block and the blocks around it. */
export class BlockScope {
  readonly code: CodeScope;
  readonly parent: BlockScope | null;
  private readonly variables = new Map<string, Variable>();
  constructor(code: CodeScope, parent: BlockScope | null) {
    this.code = code;
    this.parent = parent;
  }

  /** A block inside this one. */
  inner(): BlockScope {
    return new BlockScope(this.code, this);
  }

  declare(name: string, type: string | null): Variable {
    const variable: Variable = { name, slot: this.code.slots, type, owner: this.code };
    this.code.slots += 1;
    this.variables.set(name, variable);
    return variable;
  }

  /** Where a name is; `undefined` when it is no local variable. */
  find(name: string): Place | undefined {
    const variable = this.variables.get(name);
    if (variable !== undefined) return { in: "frame", slot: variable.slot, variable };
    if (this.parent !== null) return this.parent.find(name);
    const outside = this.code.around?.find(name);
    return outside === undefined ? undefined : this.code.capture(outside.variable, outside);
  }
}

/** The block in which a closure was compiled and the frame in which it was made: enough to compile more code in its scope. */
export class ClosureScope {
  readonly block: BlockScope;
  readonly frame: Frame;
  constructor(block: BlockScope, frame: Frame) {
    this.block = block;
    this.frame = frame;
  }
}

/** The variables that code of `scope` captures, taken from the frame around it. */
export function capturedFrom(scope: CodeScope, frame: Frame): Ref[] {
  const refs: Ref[] = [];
  for (const { from } of scope.captures) refs.push(refAt(from, frame, scope.around));
  return refs;
}

function refAt(place: Place, frame: Frame, block: BlockScope | null): Ref {
  if (place.in === "frame") {
    const ref = frame.refs[place.slot];
    if (ref !== undefined) return ref;
    // Declared further down: the closure shares the variable that will be there.
    const fresh = new Ref(null);
    frame.refs[place.slot] = fresh;
    return fresh;
  }
  const ref = frame.captured[place.index];
  if (ref !== undefined) return ref;
  return lateRef(place, frame, block);
}

/** Code compiled later may use a variable that the closure around it had not captured: it is still in the frames further out. */
function lateRef(place: Place & { in: "captured" }, frame: Frame, block: BlockScope | null): Ref {
  const capture = block?.code.captures[place.index];
  const scope = frame.closure?.scope;
  if (capture === undefined || !(scope instanceof ClosureScope)) return new Ref(null);
  return refAt(capture.from, scope.frame, scope.block.code.around);
}
