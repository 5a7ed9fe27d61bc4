import type { ExceptionValue } from "./values.ts";

/**
 * The classes that a script can name, each with its direct parents. Only names stand here: what can be done with a
 * value is in the method tables. A class that is not here does not exist for a script.
 */
const PARENTS: readonly (readonly [name: string, ...parents: string[]])[] = [
  ["java.lang.Object"],
  ["java.io.Serializable"],
  ["java.lang.Cloneable"],
  ["java.lang.Runnable"],
  ["java.util.concurrent.Callable"],
  ["java.util.function.Function"],
  ["java.util.function.Predicate"],
  ["java.util.function.Supplier"],
  ["java.util.function.Consumer"],
  ["java.lang.Comparable"],
  ["java.util.Comparator"],
  ["java.lang.CharSequence"],
  ["java.lang.Iterable"],
  ["java.util.Iterator"],
  ["java.util.ListIterator", "java.util.Iterator"],
  ["java.lang.Number", "java.io.Serializable"],
  ["java.lang.Integer", "java.lang.Number", "java.lang.Comparable"],
  ["java.lang.Long", "java.lang.Number", "java.lang.Comparable"],
  ["java.lang.Short", "java.lang.Number", "java.lang.Comparable"],
  ["java.lang.Byte", "java.lang.Number", "java.lang.Comparable"],
  ["java.lang.Float", "java.lang.Number", "java.lang.Comparable"],
  ["java.lang.Double", "java.lang.Number", "java.lang.Comparable"],
  ["java.math.BigInteger", "java.lang.Number", "java.lang.Comparable"],
  ["java.math.BigDecimal", "java.lang.Number", "java.lang.Comparable"],
  ["java.math.RoundingMode", "java.lang.Enum"],
  ["java.math.MathContext"],
  ["java.lang.Boolean", "java.io.Serializable", "java.lang.Comparable"],
  ["java.lang.Character", "java.io.Serializable", "java.lang.Comparable"],
  ["java.lang.Void"],
  ["java.lang.Enum", "java.lang.Comparable", "java.io.Serializable"],
  ["java.lang.String", "java.lang.CharSequence", "java.lang.Comparable", "java.io.Serializable"],
  ["groovy.lang.GString", "java.lang.CharSequence", "java.lang.Comparable", "groovy.lang.GroovyObject"],
  ["org.codehaus.groovy.runtime.GStringImpl", "groovy.lang.GString"],
  ["java.lang.StringBuilder", "java.lang.CharSequence"],
  ["java.lang.StringBuffer", "java.lang.CharSequence"],
  ["java.io.StringWriter"],
  ["java.lang.Class"],
  ["java.lang.Math"],
  ["java.lang.System"],
  ["java.lang.Thread"],
  ["java.util.Collection", "java.lang.Iterable"],
  ["java.util.List", "java.util.Collection"],
  ["java.util.AbstractList", "java.util.List"],
  ["java.util.ArrayList", "java.util.AbstractList", "java.lang.Cloneable"],
  ["java.util.LinkedList", "java.util.AbstractList", "java.util.Deque"],
  ["java.util.Vector", "java.util.AbstractList"],
  ["java.util.Stack", "java.util.Vector"],
  ["java.util.concurrent.CopyOnWriteArrayList", "java.util.List"],
  ["java.util.Arrays$ArrayList", "java.util.AbstractList"],
  ["java.util.Collections$UnmodifiableList", "java.util.List"],
  ["java.util.Queue", "java.util.Collection"],
  ["java.util.Deque", "java.util.Queue"],
  ["java.util.ArrayDeque", "java.util.Deque"],
  ["groovy.lang.Range", "java.util.List"],
  ["groovy.lang.IntRange", "groovy.lang.Range"],
  ["groovy.lang.ObjectRange", "groovy.lang.Range"],
  ["groovy.lang.EmptyRange", "groovy.lang.Range"],
  ["java.util.Set", "java.util.Collection"],
  ["java.util.HashSet", "java.util.Set"],
  ["java.util.LinkedHashSet", "java.util.HashSet"],
  ["java.util.SortedSet", "java.util.Set"],
  ["java.util.TreeSet", "java.util.SortedSet"],
  ["java.util.Collections$UnmodifiableSet", "java.util.Set"],
  ["java.util.Map"],
  ["java.util.AbstractMap", "java.util.Map"],
  ["java.util.HashMap", "java.util.AbstractMap"],
  ["java.util.LinkedHashMap", "java.util.HashMap"],
  ["java.util.SortedMap", "java.util.Map"],
  ["java.util.TreeMap", "java.util.AbstractMap", "java.util.SortedMap"],
  ["java.util.Hashtable", "java.util.Map"],
  ["java.util.Properties", "java.util.Hashtable"],
  ["java.util.concurrent.ConcurrentHashMap", "java.util.AbstractMap", "java.util.concurrent.ConcurrentMap"],
  ["java.util.concurrent.ConcurrentMap", "java.util.Map"],
  ["java.util.Collections$UnmodifiableMap", "java.util.Map"],
  ["java.util.Map$Entry"],
  ["java.util.LinkedHashMap$Entry", "java.util.Map$Entry"],
  ["java.util.Collections"],
  ["java.util.Arrays"],
  ["java.util.Objects"],
  ["java.util.Optional"],
  ["java.util.StringJoiner"],
  ["java.util.Random"],
  ["java.security.SecureRandom", "java.util.Random"],
  ["java.util.UUID", "java.lang.Comparable"],
  ["java.util.Base64"],
  ["java.util.Base64$Encoder"],
  ["java.util.Base64$Decoder"],
  ["java.util.Locale"],
  ["java.util.TimeZone"],
  ["java.util.Calendar"],
  ["java.util.GregorianCalendar", "java.util.Calendar"],
  ["java.util.Date", "java.lang.Comparable", "java.lang.Cloneable"],
  ["java.text.DateFormat"],
  ["java.text.SimpleDateFormat", "java.text.DateFormat"],
  ["java.text.DecimalFormat"],
  ["java.time.Instant", "java.lang.Comparable"],
  ["java.time.LocalDate", "java.lang.Comparable"],
  ["java.time.LocalTime", "java.lang.Comparable"],
  ["java.time.LocalDateTime", "java.lang.Comparable"],
  ["java.time.ZonedDateTime", "java.lang.Comparable"],
  ["java.time.OffsetDateTime", "java.lang.Comparable"],
  ["java.time.ZoneId"],
  ["java.time.ZoneOffset", "java.time.ZoneId"],
  ["java.time.Duration", "java.lang.Comparable"],
  ["java.time.DayOfWeek", "java.lang.Enum"],
  ["java.time.Month", "java.lang.Enum"],
  ["java.time.format.DateTimeFormatter"],
  ["java.time.temporal.ChronoUnit", "java.lang.Enum"],
  ["java.util.concurrent.TimeUnit", "java.lang.Enum"],
  ["java.util.concurrent.atomic.AtomicInteger", "java.lang.Number"],
  ["java.util.concurrent.atomic.AtomicLong", "java.lang.Number"],
  ["java.util.concurrent.atomic.AtomicBoolean"],
  ["java.util.regex.Pattern"],
  ["java.util.regex.Matcher"],
  ["java.net.URL"],
  ["java.net.URI", "java.lang.Comparable"],
  ["java.net.URLEncoder"],
  ["java.net.URLDecoder"],
  ["java.nio.charset.Charset"],
  ["java.nio.charset.StandardCharsets"],
  ["java.security.MessageDigest"],
  ["groovy.lang.GroovyObject"],
  ["groovy.lang.GroovyObjectSupport", "groovy.lang.GroovyObject"],
  [
    "groovy.lang.Closure",
    "groovy.lang.GroovyObject",
    "java.lang.Runnable",
    "java.util.concurrent.Callable",
    "java.lang.Cloneable",
  ],
  ["org.jenkinsci.plugins.workflow.cps.CpsClosure2", "groovy.lang.Closure"],
  ["groovy.lang.Script", "groovy.lang.GroovyObject"],
  ["groovy.lang.Binding"],
  ["groovy.lang.Tuple", "java.util.AbstractList"],
  ["groovy.lang.Tuple2", "groovy.lang.Tuple"],
  ["groovy.lang.NonEmptySequence"],
  ["groovy.json.JsonSlurper"],
  ["groovy.json.JsonSlurperClassic"],
  ["groovy.json.JsonOutput"],
  ["groovy.json.JsonBuilder"],
  ["groovy.util.XmlSlurper"],
  ["groovy.util.XmlParser"],
  ["groovy.util.slurpersupport.GPathResult"],
  ["groovy.util.slurpersupport.NodeChild", "groovy.util.slurpersupport.GPathResult"],
  ["groovy.util.Node"],
  ["groovy.util.ConfigSlurper"],
  ["groovy.util.Eval"],
  ["groovy.util.Expando"],
  ["groovy.xml.MarkupBuilder"],
  ["groovy.text.SimpleTemplateEngine"],
  ["groovy.text.Template"],
  ["groovy.transform.Field"],
  ["hudson.FilePath"],
  ["hudson.Launcher"],
  ["hudson.model.Result"],
  ["org.jenkinsci.plugins.workflow.cps.CpsScript", "groovy.lang.Script"],
  ["org.jenkinsci.plugins.workflow.cps.DSL"],
  ["com.cloudbees.groovy.cps.NonCPS"],
  ["org.apache.commons.csv.CSVFormat", "java.io.Serializable"],
  ["org.apache.commons.csv.CSVFormat$Builder"],
  ["org.apache.commons.csv.CSVRecord", "java.lang.Iterable", "java.io.Serializable"],
  ["org.apache.commons.csv.QuoteMode", "java.lang.Enum"],
  ["org.apache.commons.csv.DuplicateHeaderMode", "java.lang.Enum"],
  // exceptions
  ["java.lang.Throwable", "java.io.Serializable"],
  ["java.lang.Error", "java.lang.Throwable"],
  ["java.lang.AssertionError", "java.lang.Error"],
  ["org.codehaus.groovy.runtime.powerassert.PowerAssertionError", "java.lang.AssertionError"],
  ["java.lang.LinkageError", "java.lang.Error"],
  ["java.lang.IncompatibleClassChangeError", "java.lang.LinkageError"],
  ["java.lang.NoSuchMethodError", "java.lang.IncompatibleClassChangeError"],
  ["java.lang.NoSuchFieldError", "java.lang.IncompatibleClassChangeError"],
  ["java.lang.NoClassDefFoundError", "java.lang.LinkageError"],
  ["java.lang.VirtualMachineError", "java.lang.Error"],
  ["java.lang.StackOverflowError", "java.lang.VirtualMachineError"],
  ["java.lang.OutOfMemoryError", "java.lang.VirtualMachineError"],
  ["java.lang.Exception", "java.lang.Throwable"],
  ["java.lang.CloneNotSupportedException", "java.lang.Exception"],
  ["java.lang.InterruptedException", "java.lang.Exception"],
  ["java.lang.ReflectiveOperationException", "java.lang.Exception"],
  ["java.lang.ClassNotFoundException", "java.lang.ReflectiveOperationException"],
  ["java.lang.NoSuchFieldException", "java.lang.ReflectiveOperationException"],
  ["java.lang.NoSuchMethodException", "java.lang.ReflectiveOperationException"],
  ["java.io.IOException", "java.lang.Exception"],
  ["java.io.FileNotFoundException", "java.io.IOException"],
  ["java.nio.file.FileSystemException", "java.io.IOException"],
  ["java.nio.file.NoSuchFileException", "java.nio.file.FileSystemException"],
  ["java.io.UnsupportedEncodingException", "java.io.IOException"],
  ["java.io.EOFException", "java.io.IOException"],
  ["java.io.UncheckedIOException", "java.lang.RuntimeException"],
  ["java.net.MalformedURLException", "java.io.IOException"],
  ["java.net.UnknownHostException", "java.io.IOException"],
  ["java.net.SocketException", "java.io.IOException"],
  ["java.net.ConnectException", "java.net.SocketException"],
  ["java.net.SocketTimeoutException", "java.io.IOException"],
  ["java.net.URISyntaxException", "java.lang.Exception"],
  ["java.text.ParseException", "java.lang.Exception"],
  ["java.util.concurrent.TimeoutException", "java.lang.Exception"],
  ["java.util.concurrent.ExecutionException", "java.lang.Exception"],
  ["java.security.GeneralSecurityException", "java.lang.Exception"],
  ["java.security.NoSuchAlgorithmException", "java.security.GeneralSecurityException"],
  ["java.lang.RuntimeException", "java.lang.Exception"],
  ["java.lang.ArithmeticException", "java.lang.RuntimeException"],
  ["java.lang.ArrayStoreException", "java.lang.RuntimeException"],
  ["java.lang.ClassCastException", "java.lang.RuntimeException"],
  ["java.lang.IllegalArgumentException", "java.lang.RuntimeException"],
  ["java.lang.NumberFormatException", "java.lang.IllegalArgumentException"],
  ["java.util.IllegalFormatException", "java.lang.IllegalArgumentException"],
  ["java.util.UnknownFormatConversionException", "java.util.IllegalFormatException"],
  ["java.util.MissingFormatArgumentException", "java.util.IllegalFormatException"],
  ["java.util.IllegalFormatConversionException", "java.util.IllegalFormatException"],
  ["java.util.regex.PatternSyntaxException", "java.lang.IllegalArgumentException"],
  ["java.lang.IllegalStateException", "java.lang.RuntimeException"],
  ["java.util.concurrent.CancellationException", "java.lang.IllegalStateException"],
  ["java.lang.IndexOutOfBoundsException", "java.lang.RuntimeException"],
  ["java.lang.ArrayIndexOutOfBoundsException", "java.lang.IndexOutOfBoundsException"],
  ["java.lang.StringIndexOutOfBoundsException", "java.lang.IndexOutOfBoundsException"],
  ["java.lang.NegativeArraySizeException", "java.lang.RuntimeException"],
  ["java.lang.NullPointerException", "java.lang.RuntimeException"],
  ["java.lang.SecurityException", "java.lang.RuntimeException"],
  ["org.jenkinsci.plugins.scriptsecurity.sandbox.RejectedAccessException", "java.lang.SecurityException"],
  ["java.lang.UnsupportedOperationException", "java.lang.RuntimeException"],
  ["java.util.ConcurrentModificationException", "java.lang.RuntimeException"],
  ["java.util.EmptyStackException", "java.lang.RuntimeException"],
  ["java.util.NoSuchElementException", "java.lang.RuntimeException"],
  ["java.util.InputMismatchException", "java.util.NoSuchElementException"],
  ["java.time.DateTimeException", "java.lang.RuntimeException"],
  ["java.time.format.DateTimeParseException", "java.time.DateTimeException"],
  ["java.lang.reflect.UndeclaredThrowableException", "java.lang.RuntimeException"],
  ["groovy.lang.GroovyRuntimeException", "java.lang.RuntimeException"],
  ["groovy.lang.MissingPropertyException", "groovy.lang.GroovyRuntimeException"],
  ["groovy.lang.MissingFieldException", "groovy.lang.MissingPropertyException"],
  ["groovy.lang.MissingMethodException", "groovy.lang.GroovyRuntimeException"],
  ["groovy.lang.ReadOnlyPropertyException", "groovy.lang.MissingPropertyException"],
  ["groovy.lang.StringWriterIOException", "groovy.lang.GroovyRuntimeException"],
  ["org.codehaus.groovy.runtime.typehandling.GroovyCastException", "java.lang.ClassCastException"],
  ["org.codehaus.groovy.runtime.InvokerInvocationException", "groovy.lang.GroovyRuntimeException"],
  ["groovy.json.JsonException", "groovy.lang.GroovyRuntimeException"],
  ["net.sf.json.JSONException", "java.lang.RuntimeException"],
  ["org.yaml.snakeyaml.error.YAMLException", "java.lang.RuntimeException"],
  ["com.fasterxml.jackson.core.JacksonException", "java.io.IOException"],
  ["com.fasterxml.jackson.core.JsonProcessingException", "com.fasterxml.jackson.core.JacksonException"],
  [
    "com.fasterxml.jackson.dataformat.toml.TomlStreamReadException",
    "com.fasterxml.jackson.core.JsonProcessingException",
  ],
  ["org.codehaus.plexus.util.xml.pull.XmlPullParserException", "java.lang.Exception"],
  ["org.xml.sax.SAXException", "java.lang.Exception"],
  ["org.xml.sax.SAXParseException", "org.xml.sax.SAXException"],
  ["hudson.AbortException", "java.io.IOException"],
  ["hudson.remoting.ChannelClosedException", "java.io.IOException"],
  ["org.jenkinsci.plugins.workflow.steps.FlowInterruptedException", "java.lang.InterruptedException"],
  ["org.jenkinsci.plugins.workflow.steps.MissingContextVariableException", "java.lang.Exception"],
  ["org.jenkinsci.plugins.credentialsbinding.impl.CredentialNotFoundException", "hudson.AbortException"],
];

const parentsOf = new Map<string, readonly string[]>();
for (const [name, ...parents] of PARENTS) {
  parentsOf.set(name, parents.length === 0 && name !== "java.lang.Object" ? ["java.lang.Object"] : parents);
}

/** Packages whose classes need no import. */
const DEFAULT_PACKAGES = [
  "java.lang.",
  "java.util.",
  "java.io.",
  "java.net.",
  "groovy.lang.",
  "groovy.util.",
  // The plugin behind readCSV sees to this one.
  "org.apache.commons.csv.",
];
const ALWAYS_IMPORTED = new Set(["java.math.BigInteger", "java.math.BigDecimal"]);

const byDefault = new Map<string, string>();
for (const name of parentsOf.keys()) {
  const simple = simpleName(name);
  if (ALWAYS_IMPORTED.has(name) || DEFAULT_PACKAGES.some((prefix) => name === prefix + simple)) {
    byDefault.set(simple, name);
  }
}

const PRIMITIVES = new Map([
  ["int", "java.lang.Integer"],
  ["long", "java.lang.Long"],
  ["short", "java.lang.Short"],
  ["byte", "java.lang.Byte"],
  ["char", "java.lang.Character"],
  ["boolean", "java.lang.Boolean"],
  ["float", "java.lang.Float"],
  ["double", "java.lang.Double"],
]);

/** The wrapper class of a primitive type's name. */
export function boxed(name: string): string {
  return PRIMITIVES.get(name) ?? name;
}

export function isPrimitive(name: string): boolean {
  return PRIMITIVES.has(name);
}

/** The last part of a class name; of a nested class the part behind `$`. */
export function simpleName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf("."), name.lastIndexOf("$")) + 1);
}

/** Is there a class of this full name? */
export function isKnownClass(name: string): boolean {
  return parentsOf.has(name);
}

/** The full name behind a name that needs no import: `Date`, `Map.Entry`, `int`; `undefined` if there is none. */
export function defaultClass(name: string): string | undefined {
  if (isPrimitive(name) || name === "void") return name;
  return byDefault.get(name) ?? (name === "Map.Entry" ? "java.util.Map$Entry" : undefined);
}

/** The class that `name` has in any of the packages we know, for an import with a star. */
export function classInPackage(packageName: string, name: string): string | undefined {
  const full = `${packageName}.${name}`;
  return parentsOf.has(full) ? full : undefined;
}

/** Is `name` the class `ancestor` or derived from it? Both are full names. */
export function derivesFrom(name: string, ancestor: string): boolean {
  if (name === ancestor || ancestor === "java.lang.Object") return true;
  if (name.endsWith("[]")) return ancestor.endsWith("[]") && ancestor.startsWith("java.lang.Object");
  for (const parent of parentsOf.get(name) ?? []) if (derivesFrom(parent, ancestor)) return true;
  return false;
}

/** How many steps up from `name` the class `ancestor` is; `undefined` when it is none of its ancestors. */
export function distanceTo(name: string, ancestor: string): number | undefined {
  if (name === ancestor) return 0;
  let best: number | undefined = ancestor === "java.lang.Object" ? 50 : undefined;
  for (const parent of parentsOf.get(name) ?? []) {
    const distance = distanceTo(parent, ancestor);
    if (distance !== undefined && (best === undefined || distance + 1 < best)) best = distance + 1;
  }
  return best;
}

/** The class above a class, for `getSuperclass()`. */
export function superclassOf(name: string): string | undefined {
  return parentsOf.get(name)?.[0];
}

/** Can it be thrown? */
export function isThrowableClass(name: string): boolean {
  return derivesFrom(name, "java.lang.Throwable");
}

/** Is an exception of this class, or of one derived from it? */
export function isExceptionOf(value: ExceptionValue, ancestor: string): boolean {
  const { javaClass } = value;
  // A class that nobody wrote down is caught by whoever catches everything, as on Jenkins.
  return (
    derivesFrom(isKnownClass(javaClass) ? javaClass : "java.lang.RuntimeException", ancestor) ||
    javaClass === ancestor
  );
}
