import { type ClassDefinition, Instance } from "./classes.ts";
import { type Eventual, type Flow, isFlow } from "./flow.ts";
import { Frame, isRunning } from "./frame.ts";
import { choose } from "./invoke.ts";
import { constructBuiltin } from "./methods/constructors.ts";
import type { Runtime } from "./runtime.ts";
import { exception } from "./thrown.ts";
import { isPrimitive, isThrowableClass } from "./types.ts";
import { ExceptionValue, MapValue, type Value } from "./values.ts";

/** `new Name(…)` */
export function construct(
  run: Runtime,
  className: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual {
  run.meter.tick();
  const definition = run.classes.get(className);
  if (definition === undefined) {
    run.meter.allocate(150);
    return constructBuiltin(run, className, args, named);
  }
  if (definition.isAbstract) {
    throw exception(
      "java.lang.InstantiationException",
      `cannot make an object of ${definition.name}: it is ${definition.form === "interface" ? "an interface" : "abstract"}`,
    );
  }
  definition.begin();
  return initialise(run, run.newInstance(definition), args, named);
}

/** The class above all of the script's own in a line. */
function topOf(definition: ClassDefinition): ClassDefinition {
  return definition.superclass === null ? definition : topOf(definition.superclass);
}

/** Fills a new object: fields first, then the constructor. */
export function* initialise(
  run: Runtime,
  instance: Instance,
  args: readonly Value[],
  named: MapValue | null,
): Flow<Value> {
  run.meter.allocate(500 + definitionFields(instance) * 60);
  const { definition } = instance;
  const top = topOf(definition);
  if (isThrowableClass(top.superName)) instance.exception = new ExceptionValue(definition.name, null);
  for (const each of [...definition.lineage()].toReversed()) yield* startFields(run, instance, each);
  yield* runConstructor(run, instance, definition, args, named);
  return instance;
}

function definitionFields(instance: Instance): number {
  return instance.definition.fields.length;
}

function* startFields(run: Runtime, instance: Instance, definition: ClassDefinition): Flow<void> {
  const frame = new Frame(instance, null, [], definition);
  for (const field of definition.fields) {
    const value = field.initial?.(frame) ?? null;
    const settled = isFlow(value) ? yield* value : value;
    const isEmpty = field.initial === null;
    instance.fields.set(
      field.name,
      field.type === null || (isEmpty && !isPrimitive(field.type))
        ? settled
        : isEmpty
          ? zero(run, field.type)
          : run.cast(settled, field.type),
    );
  }
  for (const initializer of definition.initializers) {
    const result = initializer(frame);
    if (isRunning(result)) yield* result;
  }
}

function zero(run: Runtime, type: string): Value {
  if (type === "boolean") return false;
  return run.cast(0, type);
}

/** Runs the constructor of a class in the line of an object. */
function* runConstructor(
  run: Runtime,
  instance: Instance,
  definition: ClassDefinition,
  args: readonly Value[],
  named: MapValue | null,
): Flow<void> {
  const chosen = choose(run, definition.constructors, args);
  if (chosen === undefined) {
    yield* withoutConstructor(run, instance, definition, args, named);
    return;
  }
  if (chosen.name === "<init>" && definition.superclass !== null) {
    yield* runConstructor(run, instance, definition.superclass, [], null);
  }
  const done = run.invoke(chosen, instance, args);
  if (isFlow(done)) yield* done;
}

/** A class whose constructors do not take the arguments: properties by name, or what its kind of class offers. */
function* withoutConstructor(
  run: Runtime,
  instance: Instance,
  definition: ClassDefinition,
  args: readonly Value[],
  named: MapValue | null,
): Flow<void> {
  const [first = null] = args;
  const map = named ?? (args.length === 1 && first instanceof MapValue ? first : null);
  const hasDefault =
    definition.constructors.length === 0 ||
    definition.constructors.some((each) => each.parameters.length === 0);
  if (map !== null && args.length === 1 && hasDefault) {
    const plain = choose(run, definition.constructors, []);
    if (plain !== undefined) yield* runConstructor(run, instance, definition, [], null);
    for (const entry of map.entries.values()) {
      const done = run.setProperty(instance, run.text(entry.entryKey), entry.value);
      if (isFlow(done)) yield* done;
    }
    return;
  }
  if (definition.constructors.length === 0) {
    if (instance.exception !== null) {
      fillException(run, instance.exception, args);
      return;
    }
    if (
      definition.superclass !== null &&
      (args.length > 0 || definition.superclass.constructors.length > 0)
    ) {
      if (args.length === 0 || instance.outerFrame !== null || instance.constant !== null) {
        yield* runConstructor(run, instance, definition.superclass, args, null);
        return;
      }
    }
    if (args.length === 0) return;
    const fields = definition.allFields();
    if ((definition.has("TupleConstructor") || definition.has("Canonical")) && args.length <= fields.length) {
      for (const [i, arg] of args.entries()) instance.fields.set(fields[i]?.name ?? "", arg);
      return;
    }
  }
  const types = args.map((arg) => run.className(arg)).join(", ");
  throw exception(
    "groovy.lang.GroovyRuntimeException",
    `Could not find matching constructor for: ${definition.name}(${types})`,
  );
}

function fillException(run: Runtime, value: ExceptionValue, args: readonly Value[]): void {
  const [message = null, cause = null] = args;
  const isCause =
    message instanceof ExceptionValue || (message instanceof Instance && message.exception !== null);
  value.cause = isCause ? message : cause;
  value.message = message === null ? null : run.text(message);
}

/** `this(…)` and `super(…)`. */
export function* chainConstructor(
  run: Runtime,
  word: "this" | "super",
  frame: Frame,
  args: readonly Value[],
  named: MapValue | null,
): Flow<Value> {
  const { self, definition } = frame;
  if (!(self instanceof Instance) || definition === null) {
    throw exception("groovy.lang.GroovyRuntimeException", `${word}(…) stands only in a constructor`);
  }
  if (word === "this") yield* runConstructor(run, self, definition, args, named);
  else if (definition.superclass !== null)
    yield* runConstructor(run, self, definition.superclass, args, named);
  else if (self.exception !== null) fillException(run, self.exception, args);
  return null;
}

/** An object of an anonymous class. */
export function* constructAnonymous(
  run: Runtime,
  definition: ClassDefinition,
  frame: Frame,
  args: readonly Value[],
): Flow<Value> {
  const instance = run.newInstance(definition);
  instance.outerFrame = frame;
  instance.outer = frame.self;
  return yield* initialise(run, instance, args, null);
}
