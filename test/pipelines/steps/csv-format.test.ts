import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { dry, said } from "../engine/dry.ts";

/** What a script says, with these files in its repository. */
function inAgent(script: string, files: Readonly<Record<string, string>> = {}): string[] {
  return said(dry(`node { checkout scm\n${script} }`, {}, files));
}

/** What an expression gives, with `//` imports before it. */
function valueOf(expression: string, imports = ""): string {
  return said(dry(`${imports}\necho ">\${${expression}}"`)).join("\n");
}

/** What `readCSV` gives of a text in a format, as `inspect()` shows it. */
function read(text: string, format: string): string {
  const quoted = JSON.stringify(text).replaceAll("$", "\\$");
  return valueOf(`readCSV(text: ${quoted}, format: ${format}).inspect()`);
}

/** The class and the message of what a statement throws. */
function thrownBy(statement: string): string {
  const script = `try { ${statement}
 echo '>nothing' } catch (Throwable e) { echo ">\${e.class.name}: \${e.message}" }`;
  return inAgent(script).join("\n");
}

/** What `writeCSV` writes. */
function written(records: string, format: string): string {
  const show = `readFile('o.csv').replace('\\r', '\u240D').replace('\\n', '\u240A')`;
  const result = dry(
    `node { writeCSV file: 'o.csv', records: ${records}, format: ${format}\necho '>>' + ${show} + '<' }`,
  );
  const line = result.lines.find((each) => each.startsWith(">>"));
  assert.ok(line, result.text);
  return line.slice(2, -1).replaceAll("\u240D", "\r").replaceAll("\u240A", "\n");
}

describe("org.apache.commons.csv.CSVFormat", () => {
  it("is known with an import, with a star, by its full name and, as on Jenkins, without any", () => {
    const text =
      'Delimiter=<\t> QuoteChar=<"> RecordSeparator=<\r\n> EmptyLines:ignored SurroundingSpaces:ignored';
    const shown = (expression: string, imports?: string): string =>
      valueOf(`${expression}.toString().replace('\\r\\n', '|')`, imports);
    const expected = `${text.replace("\r\n", "|")} SkipHeaderRecord:false`;
    assert.equal(shown("CSVFormat.TDF", "import org.apache.commons.csv.CSVFormat"), expected);
    assert.equal(shown("CSVFormat.TDF", "import org.apache.commons.csv.*"), expected);
    assert.equal(shown("org.apache.commons.csv.CSVFormat.TDF"), expected);
    assert.equal(shown("CSVFormat.TDF"), expected);
    assert.equal(valueOf("CSVFormat.EXCEL.class.name"), "org.apache.commons.csv.CSVFormat");
    const typed =
      'CSVFormat f = CSVFormat.EXCEL\necho ">${f instanceof CSVFormat} ${f.delimiter} ${f.header}"';
    assert.deepEqual(said(dry(typed)), ["true , null"]);
  });

  it("never changes, and equals what says the same", () => {
    const script = `def a = CSVFormat.DEFAULT
      def b = a.withDelimiter(';' as char).withHeader('x', 'y')
      echo ">\${a == CSVFormat.DEFAULT} \${a == b} \${a.delimiter} \${b.delimiter} \${b.header}"
      echo ">\${b == CSVFormat.DEFAULT.withHeader('x', 'y').withDelimiter(';' as char)} \${b == b.withHeader('x,y')}"
      echo ">\${a.withHeader((String[]) null) == a} \${a.withHeader('-') == a} \${[(a): 1][CSVFormat.valueOf('Default')]}"`;
    assert.deepEqual(said(dry(script)), ["true false , ; [x, y]", "true false", "true false 1"]);
  });

  it("is built by a builder, which may be told more", () => {
    const builder =
      "CSVFormat.DEFAULT.builder().setHeader('a', 'b').setSkipHeaderRecord(true).setDelimiter('::')";
    assert.equal(read("x::y\n1::2:3", `${builder}.build()`), "[['1', '2:3']]");
    assert.equal(read("x::y\n1::2:3", `${builder}.get()`), "[['1', '2:3']]");
    assert.equal(read("1;2", "CSVFormat.Builder.create().setDelimiter(';').build()"), "[['1', '2']]");
    assert.equal(
      read("1\n2\n3", "CSVFormat.Builder.create(CSVFormat.RFC4180).setMaxRows(2).get()"),
      "[['1'], ['2']]",
    );
    const script = `def b = CSVFormat.DEFAULT.builder()
      def one = b.setTrim(true).build()
      echo ">\${one.trim} \${b.setTrim(false).build().trim} \${one.trim}"`;
    assert.deepEqual(said(dry(script)), ["true false true"]);
    assert.match(
      thrownBy(`readCSV text: 'a', format: ${builder}`),
      /^java\.lang\.IllegalArgumentException: readCSV: format is a CSVFormat.* build\(\)$/,
    );
  });

  it("refuses characters that would mean two things, and line breaks", () => {
    const refusals: readonly (readonly [string, RegExp])[] = [
      [
        "withDelimiter('\\n' as char)",
        /^java\.lang\.IllegalArgumentException: The delimiter cannot be a line break$/,
      ],
      ["withQuote('\\r' as char)", /: The quoteCharacter cannot be a line break$/],
      ["withEscape('\\n' as char)", /: The escape character cannot be a line break$/],
      ["withCommentMarker('\\n' as char)", /: The comment start marker character cannot be a line break$/],
      ["withQuote(',' as char)", /: The quoteChar character and the delimiter cannot be the same \(','\)$/],
      ["withEscape(',' as char)", /: The escape character and the delimiter cannot be the same \(','\)$/],
      [
        "withCommentMarker(',' as char)",
        /: The comment start character and the delimiter cannot be the same/,
      ],
      [
        "withCommentMarker('\"' as char)",
        /: The comment start character and the quoteChar cannot be the same/,
      ],
      [
        "withEscape('#' as char).withCommentMarker('#' as char)",
        /: The comment start and the escape character /,
      ],
      ["withQuoteMode(QuoteMode.NONE)", /: Quote mode set to NONE but no escape character is set$/],
      ["builder().setDelimiter('')", /: The delimiter cannot be empty$/],
      ["builder().setDelimiter('a\\nb')", /: The delimiter cannot be a line break$/],
      [
        "withAllowDuplicateHeaderNames(false).withHeader('a', 'a')",
        /: The header contains a duplicate name: "a" in \[a, a\]\./,
      ],
    ];
    for (const [call, expected] of refusals) assert.match(thrownBy(`CSVFormat.DEFAULT.${call}`), expected);
  });

  it("takes a delimiter of 256 characters and no longer one", () => {
    assert.equal(read("1", "CSVFormat.DEFAULT.builder().setDelimiter('-' * 256).get()"), "[['1']]");
    assert.match(
      thrownBy("CSVFormat.DEFAULT.builder().setDelimiter('-' * 257)"),
      /IllegalArgumentException: The delimiter cannot be longer than 256 characters$/,
    );
  });

  it("has no method for arguments of another kind", () => {
    for (const call of [
      "withDelimiter(1)",
      "withDelimiter(null)",
      "withDelimiter('::')",
      "withHeader(['a', 'b'])",
      "withHeader(1)",
      "withTrim('yes')",
      "withTrim(true, false)",
      "withQuoteMode('ALL')",
      "withEverything()",
      "builder().setTrim()",
      "builder().setDelimiter(null)",
    ])
      assert.match(thrownBy(`CSVFormat.DEFAULT.${call}`), /^groovy\.lang\.MissingMethodException: /, call);
    assert.match(
      thrownBy("CSVFormat.valueOf('excel')"),
      /^java\.lang\.IllegalArgumentException: No enum constant org\.apache\.commons\.csv\.CSVFormat\.Predefined\.excel$/,
    );
    assert.match(thrownBy("new CSVFormat()"), /Could not find matching constructor for: .*CSVFormat\(\)/);
    assert.match(thrownBy("CSVFormat.NONE"), /MissingPropertyException/);
    assert.match(
      thrownBy("CSVFormat.DEFAULT.parse('a')"),
      /RejectedAccessException: .* readCSV and writeCSV$/,
    );
  });
});

describe("readCSV with a format", () => {
  it("reads by the formats that have names", () => {
    assert.equal(read('a,"b" c\n\nd,"e', "CSVFormat.EXCEL"), "[['a', 'b c'], [''], ['d', 'e']]");
    assert.equal(read("a\r\n\r\nb", "CSVFormat.RFC4180"), "[['a'], [''], ['b']]");
    assert.equal(read("a\r\n\r\nb", "CSVFormat.DEFAULT"), "[['a'], ['b']]");
    assert.equal(read(' a \t "b" \t\t\n', "CSVFormat.TDF"), "[['a', 'b', '', '']]");
    assert.equal(read('\\N\t"a"\tb\\tc\\\\\\x', "CSVFormat.MYSQL"), "[[null, '\"a\"', 'b\\tc\\\\\\\\x']]");
    assert.equal(read(',"",x', "CSVFormat.POSTGRESQL_CSV"), "[[null, '', 'x']]");
    assert.equal(read("\\N\\\tx", "CSVFormat.POSTGRESQL_TEXT"), "[['\\\\N\\tx']]");
    assert.equal(read('a\\|b|"c|d"', "CSVFormat.INFORMIX_UNLOAD"), "[['a|b', 'c|d']]");
    assert.equal(read(" a ,\\N", "CSVFormat.ORACLE"), "[['a', null]]");
    assert.equal(read('"a""b"', "CSVFormat.MONGODB_CSV"), "[['a\"b']]");
    assert.equal(read('a"b,"c"', "CSVFormat.newFormat(',' as char)"), "[['a\"b', '\"c\"']]");
  });

  it("takes the header from the text, from the format, or leaves it out", () => {
    const names = (format: string): string =>
      valueOf(`readCSV(text: 'a,b\\n1,2', format: ${format})*.toMap()`);
    assert.equal(names("CSVFormat.DEFAULT"), "[[:], [:]]");
    assert.equal(names("CSVFormat.DEFAULT.withHeader()"), "[[a:1, b:2]]");
    assert.equal(names("CSVFormat.DEFAULT.withFirstRecordAsHeader()"), "[[a:1, b:2]]");
    assert.equal(names("CSVFormat.DEFAULT.withHeader('x', 'y')"), "[[x:a, y:b], [x:1, y:2]]");
    assert.equal(names("CSVFormat.DEFAULT.withHeader('x').withSkipHeaderRecord()"), "[[x:1]]");
    assert.equal(names("CSVFormat.DEFAULT.withHeader(['x', 'y'] as String[])"), "[[x:a, y:b], [x:1, y:2]]");
    assert.equal(names("CSVFormat.DEFAULT.withHeader().withSkipHeaderRecord(false)"), "[[a:1, b:2]]");
    const script = `enum Column { KEY, VALUE }
      def r = readCSV text: 'a,b', format: CSVFormat.DEFAULT.withHeader(Column)
      echo ">\${r[0].get(Column.VALUE)} \${r[0].get('KEY')} \${r[0].isMapped(Column.KEY)}"`;
    assert.deepEqual(said(dry(script)), ["b a true"]);
  });

  it("gives records that answer as CSVRecord does", () => {
    const script = `List<CSVRecord> records = readCSV file: 'a.csv', format: CSVFormat.EXCEL.withHeader('key', 'value', 'attr').withSkipHeaderRecord(true)
      CSVRecord r = records[0]
      echo ">\${records.size()} \${r.get('key')} \${r.get(1)} \${r['attr']} \${r["\${'attr'}"]} \${r[2]} \${r.value} \${r."\${'key'}"} \${r[-1]} \${r[9]}"
      echo ">\${r.isMapped('key')} \${r.isMapped('none')} \${r.isMapped(null)} \${r.isSet('attr')} \${r.isSet(2)} \${r.isSet(3)} \${r.isSet('none')}"
      echo ">\${r.size()} \${r.toMap()} \${r.toList()} \${r.values().class.simpleName} \${r.recordNumber} \${r.getRecordNumber().class.simpleName}"
      echo ">\${r.isConsistent()} \${r.consistent} \${records[1].consistent} \${records[1].isSet('attr')} \${records[1].toMap()}"
      echo ">\${r.class.name} \${r instanceof CSVRecord} \${r instanceof List} \${r instanceof Iterable}"
      for (v in r) { echo ">$v" }
      r.each { echo ">$it" }
      echo ">\${r.collect { it * 2 }} \${r.join('|')} \${records*.key} \${r == ['a', 'b', 'c']} \${r.comment} \${r.hasComment()}"
      def first = { CSVRecord c -> c[0] }
      echo ">\${first(records[1])} \${records.find { it.key == '1' }.recordNumber} \${r.characterPosition}"`;
    assert.deepEqual(inAgent(script, { "a.csv": "key,value,attr\na,b,c\n1,2\n" }), [
      "2 a b c c c b a c null",
      "true false false true true false false",
      "3 [key:a, value:b, attr:c] [a, b, c] String[] 1 Long",
      "true true false false [key:1, value:2]",
      "org.apache.commons.csv.CSVRecord true true true",
      "a",
      "b",
      "c",
      "a",
      "b",
      "c",
      "[aa, bb, cc] a|b|c [a, 1] true null false",
      "1 2 15",
    ]);
  });

  it("gives such records without a format too, which stay lists", () => {
    const script = `def r = readCSV(text: 'a,b')[0]
      echo ">\${r.get(1)} \${r.recordNumber} \${r.toMap()} \${r.isMapped('a')} \${r.isSet(1)} \${r.isConsistent()} $r \${r.empty}"
      r << 'c'
      List l = r
      def (x, y) = r
      echo ">\${r.size()} \${(r + 'd').class.simpleName} \${r.reverse()} \${(r as List).class.simpleName} $x$y \${l.is(r)}"`;
    assert.deepEqual(said(dry(script)), [
      "b 1 [:] false true true [a, b] false",
      "3 ArrayList [c, b, a] CSVRecord ab true",
    ]);
  });

  it("refuses names and places that a record does not have", () => {
    const of = (call: string, format = "CSVFormat.DEFAULT.withHeader('x', 'y', 'z')"): string =>
      thrownBy(`readCSV(text: '1,2', format: ${format})[0].${call}`);
    const unknown =
      /^java\.lang\.IllegalArgumentException: Mapping for q not found, expected one of \[x, y, z\]$/;
    assert.match(of("get('q')"), unknown);
    assert.match(of("q"), unknown);
    assert.match(of("getAt('q')"), unknown);
    assert.match(
      of("get('z')"),
      /^java\.lang\.IllegalArgumentException: Index for header 'z' is 2 but CSVRecord only has 2 values!$/,
    );
    assert.match(
      of("get(2)"),
      /^java\.lang\.ArrayIndexOutOfBoundsException: Index 2 out of bounds for length 2$/,
    );
    assert.match(of("get(-1)"), /^java\.lang\.ArrayIndexOutOfBoundsException: Index -1 out of bounds/);
    const none =
      /^java\.lang\.IllegalStateException: No header mapping was specified, the record values can't be accessed by name$/;
    assert.match(of("get('x')", "CSVFormat.DEFAULT"), none);
    assert.match(of("x", "null"), none);
    assert.match(of("isMapped(1)"), /MissingMethodException: .*CSVRecord\.isMapped\(\)/);
    assert.match(of("get([:])"), /MissingMethodException: .*CSVRecord\.get\(\)/);
    assert.match(thrownBy("[1] as org.apache.commons.csv.CSVRecord"), /GroovyCastException/);
    assert.match(
      thrownBy("new org.apache.commons.csv.CSVRecord()"),
      /Could not find matching constructor for: .*CSVRecord\(\)/,
    );
  });

  it("refuses headers with gaps, and with names twice where they must not be", () => {
    const header = (text: string, format: string): string =>
      thrownBy(`echo '>' + readCSV(text: '${text}', format: CSVFormat.${format})*.toMap()`);
    assert.match(
      header("a,,c\\n1,2,3", "DEFAULT.withHeader()"),
      /^java\.lang\.IllegalArgumentException: A header name is missing in \[a, , c\]$/,
    );
    assert.match(
      header("a, ,c\\n1,2,3", "DEFAULT.withHeader().withAllowMissingColumnNames()"),
      /^\[\[a:1,  :2, c:3\]\]/,
    );
    assert.match(header("a,,\\n1,2,3", "EXCEL.withHeader()"), /^\[\[a:1, :3\]\]/);
    assert.match(header("a,a\\n1,2", "DEFAULT.withHeader()"), /^\[\[a:2\]\]/);
    assert.match(
      header("a,a\\n1,2", "DEFAULT.withAllowDuplicateHeaderNames(false).withHeader()"),
      /IllegalArgumentException: The header contains a duplicate name: "a" in \[a, a\]/,
    );
    assert.match(
      header(
        "a,A\\n1,2",
        "DEFAULT.builder().setDuplicateHeaderMode(DuplicateHeaderMode.DISALLOW).setHeader().setIgnoreHeaderCase(true).get()",
      ),
      /The header contains a duplicate name: "A" in \[a, A\]/,
    );
    assert.match(
      header("a,A\\n1,2", "DEFAULT.withHeader().withAllowDuplicateHeaderNames(false)"),
      /^\[\[a:1, A:2\]\]/,
    );
  });

  it("finds names in whatever case when told to, in alphabetical order", () => {
    const script = `def r = readCSV(text: 'Key,apple\\n1,2', format: CSVFormat.DEFAULT.withFirstRecordAsHeader().withIgnoreHeaderCase())[0]
      echo ">\${r.get('KEY')} \${r.key} \${r['APPLE']} \${r.isMapped('kEY')} \${r.toMap()}"`;
    assert.deepEqual(said(dry(script)), ["1 1 2 true [apple:2, Key:1]"]);
  });

  it("keeps comments with the record behind them", () => {
    const script = `def all = readCSV text: '# one \\r\\n\\r\\n#two\\r\\na#,b\\r\\n#end', format: CSVFormat.DEFAULT.withCommentMarker('#' as char)
      echo ">\${all} \${all[0].comment.replace('\\n', '|')} \${all[0].hasComment()}"`;
    assert.deepEqual(said(dry(script)), ["[[a#, b]] one|two true"]);
    assert.equal(read("#", "CSVFormat.DEFAULT.withCommentMarker('#' as char)"), "[]");
    assert.equal(read("a\n#b\n", "CSVFormat.DEFAULT"), "[['a'], ['#b']]");
  });

  it("knows quotes, escapes, nulls and blanks as the format says", () => {
    const format = (calls: string): string => `CSVFormat.DEFAULT.${calls}`;
    assert.equal(
      read("'a,b';c", format("withDelimiter(';' as char).withQuote(\"'\" as char)")),
      "[['a,b', 'c']]",
    );
    assert.equal(read('"a",b', format("withQuote(null)")), "[['\"a\"', 'b']]");
    assert.equal(read("a!,b,c!nd!!!q", format("withEscape('!' as char)")), "[['a,b', 'c\\nd!!q']]");
    assert.equal(read('"a!"b",c', format("withEscape('!' as char)")), "[['a\"b', 'c']]");
    assert.equal(
      read("a!::b", "CSVFormat.DEFAULT.builder().setDelimiter('::').setEscape('!').get()"),
      "[['a!::b']]",
    );
    assert.equal(
      read("a!:!:b", "CSVFormat.DEFAULT.builder().setDelimiter('::').setEscape('!').get()"),
      "[['a::b']]",
    );
    assert.equal(read("a:b::c:", "CSVFormat.DEFAULT.builder().setDelimiter('::').get()"), "[['a:b', 'c:']]");
    assert.equal(read('NULL,"NULL",x', format("withNullString('NULL')")), "[[null, null, 'x']]");
    assert.equal(
      read('NULL,"NULL",x', format("withNullString('NULL').withQuoteMode(QuoteMode.NON_NUMERIC)")),
      "[[null, 'NULL', 'x']]",
    );
    assert.equal(read(',""', format("withQuoteMode(QuoteMode.ALL_NON_NULL)")), "[[null, '']]");
    assert.equal(read(' a ," b "', format("withTrim()")), "[['a', 'b']]");
    assert.equal(
      read(' a , " b " ,\u00a0', format("withIgnoreSurroundingSpaces()")),
      "[['a', ' b ', '\u00a0']]",
    );
    assert.equal(read(' "a"', format("withIgnoreSurroundingSpaces(false)")), "[[' \"a\"']]");
    assert.equal(read("a,b,\nc,\n", format("withTrailingDelimiter()")), "[['a', 'b'], ['c']]");
    assert.equal(read("a,\n", format("withIgnoreEmptyLines(false)")), "[['a', '']]");
  });

  it("says where a text is no CSV", () => {
    const of = (text: string, format: string): string =>
      thrownBy(`readCSV text: '${text}', format: ${format}`);
    assert.equal(
      of('a\\n"b" c', "CSVFormat.DEFAULT"),
      "java.io.IOException: Invalid character between encapsulated token and delimiter at line: 2, position: 7",
    );
    assert.match(of('a\\n"b', "CSVFormat.TDF"), /^java\.io\.IOException: \(startline 2\) EOF reached before/);
    assert.match(
      of("a!", "CSVFormat.DEFAULT.withEscape('!' as char)"),
      /^java\.io\.IOException: EOF while processing escape sequence$/,
    );
  });

  it("reads a long text in a time that grows with its length, and no longer than a script may work", () => {
    const format = "CSVFormat.DEFAULT.builder().setDelimiter('a' * 200 + 'b').setEscape('!').get()";
    for (const piece of ["'a'", "'!'", "'\"'", "' '"])
      assert.match(
        valueOf(`readCSV(text: 'x' + ${piece} * 100000 + 'x', format: ${format}).size()`),
        /^1$/,
        piece,
      );
  });
});

describe("writeCSV with a format", () => {
  it("writes the header of the format unless it is to be skipped", () => {
    const rows = "[['1', '2']]";
    assert.equal(written(rows, "CSVFormat.DEFAULT.withHeader('a', 'b c')"), "a,b c\r\n1,2\r\n");
    assert.equal(written(rows, "CSVFormat.DEFAULT.withHeader('a').withSkipHeaderRecord()"), "1,2\r\n");
    assert.equal(written(rows, "CSVFormat.DEFAULT.withHeader()"), "\r\n1,2\r\n");
    assert.equal(
      written(
        rows,
        "CSVFormat.DEFAULT.withCommentMarker('#' as char).withHeaderComments('x\\ny', 3).withHeader('a')",
      ),
      "# x\r\n# y\r\n# 3\r\na\r\n1,2\r\n",
    );
    assert.equal(written(rows, "CSVFormat.DEFAULT.withHeaderComments('x')"), "1,2\r\n");
  });

  it("writes delimiters, quotes, nulls and line ends as the format says", () => {
    const rows = "[['a;b', null, 1, 'say \"x\"'], [null, true, '', 'c::d']]";
    assert.equal(
      written(rows, "CSVFormat.DEFAULT.withDelimiter(';' as char).withRecordSeparator('\\n')"),
      '"a;b";;1;"say ""x"""\n;true;;c::d\n',
    );
    assert.equal(
      written(rows, "CSVFormat.DEFAULT.withNullString('-').withQuoteMode(QuoteMode.ALL)"),
      '"a;b","-","1","say ""x"""\r\n"-","true","","c::d"\r\n',
    );
    assert.equal(
      written(rows, "CSVFormat.DEFAULT.withQuoteMode(QuoteMode.NON_NUMERIC)"),
      '"a;b",,1,"say ""x"""\r\n,"true","","c::d"\r\n',
    );
    assert.equal(
      written(
        rows,
        "CSVFormat.DEFAULT.builder().setDelimiter('::').setQuote('|').setTrailingDelimiter(true).get()",
      ),
      'a;b::::1::say "x"::\r\n::true::::|c::d|::\r\n',
    );
    assert.equal(written(rows, "CSVFormat.MYSQL"), 'a;b\t\\N\t1\tsay "x"\n\\N\ttrue\t\tc::d\n');
    assert.equal(written("[['a', null, '']]", "CSVFormat.POSTGRESQL_CSV"), '"a",,""\n');
    assert.equal(written("[['a', 'b'], ['c']]", "CSVFormat.newFormat(';' as char)"), "a;bc");
    assert.equal(written("[['a\\tb\\nc', 'd\\\\']]", "CSVFormat.POSTGRESQL_TEXT"), "a\\\tb\\nc\td\\\\\n");
    assert.equal(
      written("[['a,b', '\"']]", "CSVFormat.DEFAULT.withEscape('!' as char).withQuoteMode(QuoteMode.NONE)"),
      'a!,b,"\r\n',
    );
    assert.equal(written("[['a\"!', 'b']]", "CSVFormat.DEFAULT.withEscape('!' as char)"), '"a!"!!",b\r\n');
    assert.equal(written("[[' a ', 'b']]", "CSVFormat.DEFAULT.withTrim()"), "a,b\r\n");
    assert.equal(written("[['a'], ['b']]", "CSVFormat.DEFAULT.builder().setMaxRows(1).get()"), "a\r\n");
    assert.equal(
      written(
        "[['a::b']]",
        "CSVFormat.DEFAULT.builder().setDelimiter('::').setQuote(null).setEscape('!').get()",
      ),
      "a!:!:b\r\n",
    );
  });

  it("writes what was read, in the other format", () => {
    const script = `def all = readCSV file: 'a.csv', format: CSVFormat.DEFAULT.withFirstRecordAsHeader()
      writeCSV file: 'b.csv', records: all, format: CSVFormat.TDF.withHeader('x', 'y').withRecordSeparator('|')
      echo '>' + readFile('b.csv').replace('\\t', '/')`;
    assert.deepEqual(inAgent(script, { "a.csv": 'k,v\n1,"a\tb"\n' }), ['x/y|1/"a/b"|']);
  });

  it("stops before it has written more than a text may have", () => {
    const result = dry(
      `node { writeCSV file: 'o', records: [[null] * 1000], format: CSVFormat.DEFAULT.withNullString('n' * 100000) }`,
    );
    assert.equal(result.end.result, "FAILURE");
    assert.match(result.text, /16777216/);
  });
});
