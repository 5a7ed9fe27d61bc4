import type { Eval, Exec, Frame } from "./frame.ts";
import type { Site } from "./thrown.ts";
import {
  ClassRef,
  type ExceptionValue,
  GroovyObject,
  type ParameterShape,
  type Ref,
  type Value,
} from "./values.ts";

/** A parameter with what it needs at a call. */
export interface CompiledParameter extends ParameterShape {
  readonly slot: number;
  readonly initial: Eval | null;
}

/** The code of a method, constructor or closure. */
export interface CompiledCode {
  readonly name: string;
  readonly parameters: readonly CompiledParameter[];
  /** The full name of the declared type; null for `def`. */
  readonly returnType: string | null;
  readonly body: Exec;
  readonly site: Site;
}

/** A method and the class that it was written in. */
export interface CompiledMethod extends CompiledCode {
  readonly definition: ClassDefinition | null;
  readonly isStatic: boolean;
  readonly isAbstract: boolean;
  /** The variables it uses of the code around it, for a method of an anonymous class. */
  readonly captures: ((frame: Frame) => readonly Ref[]) | null;
}

/** A field or property of a class. */
export interface FieldDefinition {
  readonly name: string;
  readonly type: string | null;
  readonly initial: Eval | null;
  readonly isProperty: boolean;
  readonly isFinal: boolean;
  readonly isPrivate: boolean;
}

/** A class of the script's own. Filled by the compiler; static fields live here. */
export class ClassDefinition {
  readonly name: string;
  readonly form: "class" | "interface" | "enum";
  readonly ref: ClassRef;
  isAbstract = false;
  superclass: ClassDefinition | null = null;
  /** The full name of a superclass that is not the script's own. */
  superName = "java.lang.Object";
  readonly interfaces: string[] = [];
  readonly fields: FieldDefinition[] = [];
  readonly methods = new Map<string, CompiledMethod[]>();
  readonly staticMethods = new Map<string, CompiledMethod[]>();
  readonly constructors: CompiledMethod[] = [];
  readonly initializers: Exec[] = [];
  readonly statics = new Map<string, Ref>();
  readonly finalStatics = new Set<string>();
  readonly constants: Instance[] = [];
  /** Fills the static fields; run once, at the first use of the class. */
  start: (() => void) | null = null;
  /** The class around this one. */
  outer: ClassDefinition | null = null;
  /** Names of annotations that add methods: Canonical, ToString, EqualsAndHashCode, TupleConstructor, Immutable. */
  readonly transforms = new Set<string>();
  constructor(name: string, form: "class" | "interface" | "enum") {
    this.name = name;
    this.form = form;
    this.ref = new ClassRef(name);
  }

  /** This class and those above it that are the script's own. */
  *lineage(): Generator<ClassDefinition> {
    yield this;
    if (this.superclass !== null) yield* this.superclass.lineage();
  }

  /** Overloads of a method, those of this class before those above it. */
  find(name: string): CompiledMethod[] {
    const found: CompiledMethod[] = [];
    for (const definition of this.lineage()) found.push(...(definition.methods.get(name) ?? []));
    return found;
  }

  findStatic(name: string): CompiledMethod[] {
    const found: CompiledMethod[] = [];
    for (const definition of this.lineage()) found.push(...(definition.staticMethods.get(name) ?? []));
    return found;
  }

  /** The field of that name, also one of a class above. */
  field(name: string): FieldDefinition | undefined {
    for (const definition of this.lineage()) {
      const field = definition.fields.find((each) => each.name === name);
      if (field !== undefined) return field;
    }
    return undefined;
  }

  staticRef(name: string): Ref | undefined {
    for (const definition of this.lineage()) {
      definition.begin();
      const ref = definition.statics.get(name);
      if (ref !== undefined) return ref;
    }
    return this.outer?.staticRef(name);
  }

  /** Runs the static initialisers if they have not run. */
  begin(): void {
    const start = this.start;
    this.start = null;
    start?.();
  }

  /** All fields, those of the topmost class first. */
  allFields(): FieldDefinition[] {
    return [...this.lineage()].toReversed().flatMap((definition) => definition.fields);
  }

  has(transform: string): boolean {
    return (
      this.transforms.has(transform) || this.transforms.has("Canonical") || this.transforms.has("Immutable")
    );
  }
}

/** An object of a class of the script's own. */
export class Instance extends GroovyObject {
  readonly definition: ClassDefinition;
  readonly fields = new Map<string, Value>();
  /** What an instance of an exception class is thrown as. */
  exception: ExceptionValue | null = null;
  /** The object around an anonymous class or non-static inner class. */
  outer: Value = null;
  /** Where an anonymous class's object was made. */
  outerFrame: Frame | null = null;
  /** The constant's name and position, for an enum. */
  constant: { readonly name: string; readonly ordinal: number } | null = null;
  private readonly keyFor: ((instance: Instance) => string) | null;
  constructor(definition: ClassDefinition, keyFor: ((instance: Instance) => string) | null) {
    super();
    this.definition = definition;
    this.keyFor = keyFor;
  }
  get javaClass(): string {
    return this.definition.name;
  }
  /** By contents where the class has a `hashCode` of its own. */
  override key(): GroovyObject | string {
    return this.keyFor === null ? this : this.keyFor(this);
  }
}

/** A script as a value: `this` at the top of a file and in its methods. */
export class ScriptObject extends GroovyObject {
  readonly javaClass: string;
  readonly file: string;
  readonly binding: Map<string, Value>;
  /** The `@Field` variables. */
  readonly fields = new Map<string, Ref>();
  readonly methods = new Map<string, CompiledMethod[]>();
  constructor(file: string, binding: Map<string, Value>, javaClass: string) {
    super();
    this.file = file;
    this.binding = binding;
    this.javaClass = javaClass;
  }
}

/** `super` in code of a class: the same object, seen from the class above. */
export class SuperValue extends GroovyObject {
  readonly javaClass: string;
  readonly self: Value;
  readonly definition: ClassDefinition;
  constructor(self: Value, definition: ClassDefinition) {
    super();
    this.self = self;
    this.definition = definition;
    this.javaClass = definition.superclass?.name ?? definition.superName;
  }
}
