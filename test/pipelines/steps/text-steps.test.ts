import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { dry, said } from "../engine/dry.ts";

/** What a script in an agent says, with these files in its repository. */
function inAgent(script: string, files: Readonly<Record<string, string>> = {}): string[] {
  return said(dry(`node { checkout scm\n${script} }`, {}, files));
}

/** What an expression gives, without an agent. */
function valueOf(expression: string): string {
  return said(dry(`echo ">\${${expression}}"`)).join("\n");
}

/** The class and the message of what a statement throws; in an agent when it has files. */
function thrownBy(statement: string, files?: Readonly<Record<string, string>>): string {
  const script = `try { ${statement}
 echo '>nothing' } catch (Throwable e) { echo ">\${e.class.name}: \${e.message}" }`;
  return (files === undefined ? said(dry(script)) : inAgent(script, files)).join("\n");
}

/** What a script has written into a file. */
function written(script: string, file: string, files: Readonly<Record<string, string>>): string {
  const result = dry(
    `node { checkout scm\n${script}\necho '>>' + readFile('${file}').replace('\\r', '\\\\r').replace('\\n', '\\\\n') }`,
    {},
    files,
  );
  const line = result.lines.find((each) => each.startsWith(">>"));
  assert.ok(line, result.text);
  return line.slice(2).replaceAll("\\r", "\r").replaceAll("\\n", "\n");
}

describe("readCSV and writeCSV", () => {
  it("read records that answer like lists", () => {
    const script = `def r = readCSV file: 'a.csv'
      echo ">\${r.size()} \${r[0][0]} \${r[1].get(1)} \${r[1].size()} \${r[2][1] == ''}"
      for (record in r) { echo ">\${record.join('|')}" }`;
    assert.deepEqual(inAgent(script, { "a.csv": 'key,value\r\n"a, b","say ""hi"""\r\n\r\nx,\n' }), [
      '3 key say "hi" 2 true',
      "key|value",
      'a, b|say "hi"',
      "x|",
    ]);
  });

  it("keep lines inside quotes together and blanks where they are", () => {
    assert.equal(
      valueOf(`readCSV(text: '"a\\nb" ,c\\r d, "e"\\n')*.collect { it.length() }`),
      "[[3, 1], [2, 4]]",
    );
    assert.equal(valueOf("readCSV(text: ',')[0].size()"), "2");
    assert.equal(valueOf("readCSV(text: '\\n\\n')"), "");
    assert.equal(valueOf(`readCSV(text: '""')`), "[[]]");
  });

  it("refuse what is not CSV, what is no format, and neither or both of file and text", () => {
    assert.match(
      thrownBy(`readCSV text: 'a\\n"b" c'`),
      /^java\.io\.IOException: Invalid character between encapsulated token and delimiter at line: 2/,
    );
    assert.match(
      thrownBy(`readCSV text: 'a,"b'`),
      /^java\.io\.IOException: \(startline 1\) EOF reached before encapsulated token finished/,
    );
    assert.match(
      thrownBy("readCSV text: 'a', format: 'x'"),
      /^java\.lang\.IllegalArgumentException: readCSV: format is a CSVFormat, such as CSVFormat\.EXCEL/,
    );
    assert.match(
      thrownBy("writeCSV file: 'a', records: [], format: 'x'", {}),
      /^java\.lang\.IllegalArgumentException: writeCSV: format is a CSVFormat, such as CSVFormat\.EXCEL/,
    );
    assert.match(thrownBy("readCSV()"), /At least one of file or text needs to be provided to readCSV/);
    assert.match(thrownBy("readCSV text: ' ', file: ''"), /At least one of file or text/);
    assert.match(thrownBy("readCSV file: 'a', text: 'b'", {}), /At most one of file or text/);
    assert.match(thrownBy("readCSV file: 'a'"), /MissingContextVariableException/);
  });

  it("give no records for a file that is not there, and say so", () => {
    const result = dry("node { echo \">${readCSV(file: 'none.csv')}\" }");
    assert.deepEqual(said(result), ["[]"]);
    assert.match(result.text, /none\.csv does not exist: no records/);
  });

  it("write quotes where they are needed", () => {
    const script =
      "writeCSV file: 'o.csv', records: [['k', 'v'], ['a,b', 1.5, null], ['', '#x', 'y ', 'q\"'], 'z', ['l\\nm']]";
    assert.equal(written(script, "o.csv", {}), 'k,v\r\n"a,b",1.5,\r\n"","#x","y ","q"""\r\nz\r\n"l\nm"\r\n');
    const again = "writeCSV file: 'o.csv', records: readCSV(file: 'a.csv')";
    assert.equal(written(again, "o.csv", { "a.csv": '"x","y z"\n' }), "x,y z\r\n");
  });

  it("fail to write what is no list, or nowhere", () => {
    assert.match(
      thrownBy("writeCSV file: 'o', records: null", {}),
      /provide a list of records to save for writeCSV/,
    );
    assert.match(thrownBy("writeCSV file: ' ', records: []", {}), /provide a file for writeCSV/);
    assert.match(thrownBy("writeCSV file: 'o'", {}), /Missing required parameter: "records"/);
  });
});

describe("readTOML and writeTOML", () => {
  it("read tables, lists and numbers in the types that Jenkins gives", () => {
    const toml = `title = "T"
a.b = 1
long = 3000000000
float = 1.0
half = 0.5
on = true
when = 2020-01-02 03:04:05.50Z
day = 2020-01-02
list = ["x", ["y"]]
[[table]]
name = 'first'
[[table]]
"two words" = 2`;
    const script = `def t = readTOML file: 'a.toml'
      echo ">\${t.title} \${t['a'].b + 1} \${t.float} \${t.half} \${t.on} \${t.when} \${t.day} \${t.list}"
      echo ">\${[t.a.b, t.long, t.float, t.on, t.day]*.class*.simpleName}"
      echo ">\${t.table.size()} \${t.table[1]['two words']} \${t.none}"`;
    assert.deepEqual(inAgent(script, { "a.toml": toml }), [
      "T 2 1.0 0.5 true 2020-01-02T03:04:05.5Z 2020-01-02 [x, [y]]",
      "[Integer, Long, BigDecimal, Boolean, String]",
      "2 2 null",
    ]);
    assert.equal(valueOf("readTOML(text: 'a = inf').a"), "Infinity");
    assert.equal(valueOf("readTOML(text: '__proto__ = 1')['__proto__']"), "1");
  });

  it("throw what Jenkins throws for a text that is no TOML and for no such file", () => {
    assert.match(thrownBy("readTOML text: 'a = '"), /TomlStreamReadException: Invalid TOML document/);
    const deep = "readTOML text: 'a' + '.a' * 2000 + ' = 1'";
    assert.match(thrownBy(deep), /TomlStreamReadException: nested too deeply/);
    assert.match(thrownBy("readTOML text: 'a = ' + '[' * 2000"), /TomlStreamReadException/);
    assert.match(
      thrownBy("readTOML file: 'x.toml'", {}),
      /FileNotFoundException: .*\/x\.toml does not exist\.$/,
    );
    assert.match(thrownBy("readTOML text: ''"), /At least one of file or text/);
  });

  it("write what they read again", () => {
    const data =
      "[s: 'a \"b\"', i: 3, l: 3000000000, f: 1.0, d: 2.5d, b: false, n: null, list: [1, 'x'], m: [k: [1: 'one']], t: [[a: 1], [a: 2]]]";
    assert.equal(
      written(`writeTOML file: 'o.toml', toml: ${data}`, "o.toml", {}),
      's = "a \\"b\\""\ni = 3\nl = 3000000000\nf = 1.0\nd = 2.5\nb = false\nn = ""\nlist = [ 1, "x" ]\n\n[m.k]\n1 = "one"\n\n[[t]]\na = 1\n\n[[t]]\na = 2\n',
    );
    assert.equal(valueOf("readTOML(text: writeTOML(toml: [a: [b: 1]], returnText: true)).a.b"), "1");
  });

  it("refuse to write what has no place in TOML", () => {
    assert.match(thrownBy("writeTOML toml: [1], returnText: true"), /writeTOML: TOML is a map/);
    assert.match(thrownBy("writeTOML toml: [a: { 1 }], returnText: true"), /cannot write a closure as TOML/);
    assert.match(
      thrownBy("writeTOML toml: null, returnText: true"),
      /provide a toml object to save for writeTOML/,
    );
    assert.match(thrownBy("writeTOML toml: [:]"), /provide either file or returnText to writeTOML/);
    assert.match(thrownBy("writeTOML toml: [:], file: 'a', returnText: true"), /cannot provide both/);
  });
});

describe("readManifest", () => {
  const MANIFEST =
    "Manifest-Version: 1.0\r\nClass-Path: lib/a.jar lib/\r\n b.jar\r\n\r\nName: org/foo/\r\nSealed: true\r\n\r\n\r\nname: x y\r\nsealed: 1\r\nSealed: 2";

  it("reads the main attributes and the sections, with continued lines", () => {
    const script = `def m = readManifest file: 'MANIFEST.MF'
      echo ">\${m.main['Class-Path']} \${m.getMain().size()} \${m.main.None}"
      echo ">\${m.entries['org/foo/'].Sealed} \${m.entries['x y']} \${m.getEntries().keySet()}"`;
    assert.deepEqual(inAgent(script, { "MANIFEST.MF": MANIFEST }), [
      "lib/a.jar lib/b.jar 2 null",
      "true [sealed:2] [org/foo/, x y]",
    ]);
    assert.equal(valueOf("readManifest(text: 'A: 1\\n').main.A"), "1");
  });

  it("throws what Java throws for a text that is no manifest", () => {
    const message = (text: string): string => thrownBy(`readManifest text: '${text}'`);
    assert.equal(message("A 1\\n"), "java.io.IOException: invalid header field (line 1)");
    assert.equal(message("A:1\\n"), "java.io.IOException: invalid header field (line 1)");
    assert.equal(message("B b: 1\\n"), "java.io.IOException: invalid header field name: B b (line 1)");
    assert.equal(message(" A: 1\\n"), "java.io.IOException: misplaced continuation line (line 1)");
    assert.equal(message("A: 1\\n\\nK: 2\\n"), "java.io.IOException: invalid manifest format (line 3)");
  });

  it("refuses archives in words, and lets nothing be changed", () => {
    assert.match(
      thrownBy("readManifest file: 'target/My.JAR'", {}),
      /cannot look into target\/My\.JAR: give it as text: unzip\(zipFile: 'target\/My\.JAR'/,
    );
    assert.match(
      thrownBy("readManifest file: 'none.mf'", {}),
      /FileNotFoundException: .*none\.mf does not exist/,
    );
    const script = `try { readManifest(text: 'A: 1\\n').main.A = 2 } catch (UnsupportedOperationException e) { echo '>refused' }`;
    assert.deepEqual(said(dry(script)), ["refused"]);
  });
});

describe("compareVersions", () => {
  const compared = (v1: string, v2: string): string => valueOf(`compareVersions(v1: ${v1}, v2: ${v2})`);

  it("orders versions as Jenkins does", () => {
    const ascending = [
      "1-alpha",
      "1-beta",
      "1-beta2",
      "1-m3",
      "1-rc",
      "1",
      "1-sp",
      "1-foo",
      "1-1",
      "1.0.1",
      "1.9",
      "1.10",
      "2.346.1",
      "99999999999999999999",
      "100000000000000000000",
    ];
    for (const [i, a] of ascending.entries())
      for (const [j, b] of ascending.entries())
        assert.equal(compared(`'${a}'`, `'${b}'`), String(Math.sign(i - j)), `${a} ${b}`);
  });

  it("takes versions for the same that say the same", () => {
    const same = [
      "1.0 1",
      "1.0.0-ga 1-final",
      "1.0-CR1 1.0-rc1",
      "1.0-a1 1.0-alpha-1",
      "01.2 1.02",
      "1.0- 1",
    ];
    for (const pair of same) {
      const [a = "", b = ""] = pair.split(" ");
      assert.equal(compared(`'${a}'`, `'${b}'`), "0", pair);
    }
    // Unlike for Maven a snapshot is older than all other forerunners of a release.
    assert.equal(compared("'1.0-SNAPSHOT'", "'1.0-alpha'"), "-1");
    assert.equal(compared("'1.0-SNAPSHOT'", "'1.0-20200101.101010-1'"), "0");
    assert.equal(compared("'1.0-20200101.101010-9'", "'1.0-20200101.101010-10'"), "-1");
    assert.equal(compared("'1.*'", "'1.9'"), "1");
  });

  it("takes an empty version for the lowest, or fails", () => {
    assert.deepEqual(
      [compared("null", "''"), compared("''", "'0'"), compared("'0'", "null")],
      ["0", "-1", "1"],
    );
    const failing = (v1: string, v2: string): string =>
      thrownBy(`compareVersions v1: ${v1}, v2: ${v2}, failIfEmpty: true`);
    assert.equal(failing("''", "null"), "hudson.AbortException: Both parameters are empty.");
    assert.equal(failing("null", "'1'"), "hudson.AbortException: v1 is empty.");
    assert.equal(failing("'1'", "''"), "hudson.AbortException: v2 is empty.");
    assert.equal(failing("'1'", "'2'"), "nothing");
    assert.match(thrownBy("compareVersions v1: '1.' * 600, v2: '1'"), /at most 1000 characters/);
  });
});

const POM = `<?xml version="1.0" encoding="UTF-8"?>
<!-- ours -->
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>org.example</groupId>
    <artifactId>parent</artifactId>
    <version>7</version>
    <relativePath/>
  </parent>
  <artifactId> shop </artifactId> <!-- kept -->
  <name>Shop &amp; more</name>
  <scm>
    <connection>scm:git:x</connection>
  </scm>
  <modules>
    <module>a</module>
    <!-- why b -->
    <module>b</module>
  </modules>
  <properties>
    <revision>1.0</revision>
    <java.version>17</java.version>
  </properties>
  <dependencies>
    <dependency>
      <groupId>g</groupId>
      <artifactId>one</artifactId>
      <version>1.2</version>
      <optional>true</optional>
      <exclusions><exclusion><groupId>*</groupId></exclusion></exclusions>
    </dependency>
    <dependency>
      <groupId>g</groupId>
      <artifactId>two</artifactId>
      <scope>test</scope>
    </dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <artifactId>maven-jar-plugin</artifactId>
        <configuration><archive index="1">true</archive></configuration>
        <executions><execution><goals><goal>jar</goal></goals></execution></executions>
      </plugin>
    </plugins>
  </build>
  <profiles>
    <profile><id>ci</id><activation><activeByDefault>true</activeByDefault></activation></profile>
  </profiles>
  <unheardOf>kept too</unheardOf>
</project>
`;

describe("readMavenPom", () => {
  const asked = (expression: string): string =>
    inAgent(`def pom = readMavenPom()\necho ">\${${expression}}"`, { "pom.xml": POM }).join("\n");

  it("gives what is there, by property and by getter", () => {
    assert.equal(asked("pom"), "[inherited]:shop:jar:[inherited]");
    assert.equal(asked("pom.artifactId + pom.getArtifactId() + pom.name"), "shopshopShop & more");
    assert.equal(
      asked("pom.parent.version + pom.getParent().getGroupId() + pom.parent"),
      "7org.exampleorg.example:parent:pom:7",
    );
    assert.equal(asked("pom.properties.revision + pom.properties['java.version']"), "1.017");
    assert.equal(asked("pom.modules"), "[a, b]");
    assert.equal(asked("pom.dependencies*.artifactId"), "[one, two]");
    assert.equal(
      asked("pom.dependencies[1]"),
      "Dependency {groupId=g, artifactId=two, version=null, type=jar}",
    );
    assert.equal(asked("pom.dependencies.find { it.scope == 'test' }.managementKey"), "g:two:jar");
    assert.equal(asked("pom.dependencies[0].exclusions[0].groupId"), "*");
    assert.equal(asked("pom.dependencies[0].optional + pom.dependencies[0].isOptional()"), "truetrue");
    assert.equal(asked("pom.build.plugins[0].groupId"), "org.apache.maven.plugins");
    assert.equal(
      asked("pom.build.plugins[0].executions[0].goals + pom.build.plugins[0].executions[0].id"),
      "[jar, default]",
    );
    assert.equal(
      asked("pom.build.pluginsAsMap['org.apache.maven.plugins:maven-jar-plugin'].id"),
      "org.apache.maven.plugins:maven-jar-plugin:[unknown-version]",
    );
    assert.equal(asked("pom.build.plugins[0].configuration.getChild('archive').value"), "true");
    assert.equal(asked("pom.build.plugins[0].configuration.children[0].getAttribute('index')"), "1");
    assert.equal(asked("pom.profiles[0].activation.activeByDefault"), "true");
    assert.equal(
      asked("[pom.getVersion(), pom.build.plugins[0].configuration.getChild('none')]"),
      "[null, null]",
    );
    assert.equal(asked("pom.class.name"), "org.apache.maven.model.Model");
  });

  it("gives null, nothing or a default for what is absent", () => {
    assert.equal(asked("pom.version ?: pom.parent.version"), "7");
    assert.equal(
      asked("[pom.groupId, pom.description, pom.ciManagement, pom.build.finalName, pom.reports]"),
      "[null, null, null, null, null]",
    );
    assert.equal(
      asked("[pom.licenses, pom.repositories, pom.build.resources, pom.profiles[0].properties]"),
      "[[], [], [], [:]]",
    );
    assert.equal(
      asked("[pom.packaging, pom.scm.tag, pom.parent.relativePath, pom.dependencies[0].type]"),
      "[jar, HEAD, , jar]",
    );
    assert.equal(asked("pom.dependencyManagement?.dependencies?.size() ?: 0"), "0");
  });

  it("throws for names that Maven does not know", () => {
    const files = { "pom.xml": POM };
    assert.match(
      thrownBy("readMavenPom().verison", files),
      /MissingPropertyException: No such property: verison/,
    );
    assert.match(thrownBy("readMavenPom().unheardOf", files), /MissingPropertyException/);
    assert.match(thrownBy("readMavenPom().verison = '1'", files), /MissingPropertyException/);
    assert.match(thrownBy("readMavenPom().getVerison()", files), /MissingMethodException/);
    assert.match(
      thrownBy("readMavenPom().parent.verison", files),
      /for class: org\.apache\.maven\.model\.Parent/,
    );
  });

  it("reads another file, and throws for none and for what is no project", () => {
    const files = {
      "sub/pom.xml": "<project><version>3</version></project>",
      "bad.xml": "<project>",
      "other.xml": "<x/>",
    };
    assert.deepEqual(inAgent("echo '>' + readMavenPom(file: 'sub/pom.xml').version", files), ["3"]);
    assert.deepEqual(inAgent("dir('sub') { echo '>' + readMavenPom('').version }", files), ["3"]);
    assert.match(
      thrownBy("readMavenPom()", files),
      /^java\.io\.FileNotFoundException: .*pom\.xml does not exist\.$/,
    );
    assert.match(
      thrownBy("readMavenPom file: 'bad.xml'", files),
      /^org\.codehaus\.plexus\.util\.xml\.pull\.XmlPullParserException: /,
    );
    assert.match(
      thrownBy("readMavenPom file: 'other.xml'", files),
      /Expected root element 'project' but found 'x'/,
    );
    assert.match(thrownBy("readMavenPom()"), /MissingContextVariableException/);
  });
});

describe("writeMavenPom", () => {
  const changed = (script: string, pom = POM): string =>
    written(`def pom = readMavenPom()\n${script}\nwriteMavenPom model: pom`, "pom.xml", { "pom.xml": pom });
  /** The lines that a script takes out (-) and puts in (+), in their order. */
  const difference = (script: string): string[] => {
    const before = POM.split("\n");
    const after = changed(script).split("\n");
    return [
      ...before.filter((line) => !after.includes(line)).map((line) => `-${line.trim()}`),
      ...after.filter((line) => !before.includes(line)).map((line) => `+${line.trim()}`),
    ];
  };

  it("writes a file as it was read when nothing was changed", () => {
    assert.equal(
      changed("pom.dependencies.each { it.version }\npom.properties.size()\npom.modules.size()"),
      POM,
    );
  });

  it("writes values where they stand, and new ones in Maven's order", () => {
    assert.deepEqual(difference("pom.name = \"A <b> ${1 + 1}\"\npom.setArtifactId('s')"), [
      "-<artifactId> shop </artifactId> <!-- kept -->",
      "-<name>Shop &amp; more</name>",
      "+<artifactId>s</artifactId> <!-- kept -->",
      "+<name>A &lt;b&gt; 2</name>",
    ]);
    const text = changed("pom.version = '2'\npom.packaging = 'war'\npom.groupId = 'g'");
    assert.match(
      text,
      /<\/parent>\n {2}<groupId>g<\/groupId>\n {2}<artifactId> shop <\/artifactId>\n {2}<version>2<\/version>\n {2}<packaging>war<\/packaging> <!-- kept -->/,
    );
    assert.deepEqual(difference("pom.packaging = 'jar'"), []);
    assert.deepEqual(difference("pom.name = null\npom.description = null"), [
      "-<name>Shop &amp; more</name>",
    ]);
  });

  it("writes what is below: parent, dependencies, properties and modules", () => {
    assert.deepEqual(difference("pom.parent.version = 8"), [
      "-<version>7</version>",
      "+<version>8</version>",
    ]);
    assert.match(changed("pom.parent.relativePath = '..'"), /<relativePath>\.\.<\/relativePath>/);
    assert.match(changed("pom.scm.tag = 'v1'"), /scm:git:x<\/connection>\n {4}<tag>v1<\/tag>\n {2}<\/scm>/);
    assert.deepEqual(difference("pom.dependencies.find { it.artifactId == 'one' }.version = '1.3'"), [
      "-<version>1.2</version>",
      "+<version>1.3</version>",
    ]);
    assert.deepEqual(
      difference(
        "pom.properties.revision = '2.0'\npom.properties['new.one'] = 1\npom.properties.remove('java.version')",
      ),
      [
        "-<revision>1.0</revision>",
        "-<java.version>17</java.version>",
        "+<revision>2.0</revision>",
        "+<new.one>1</new.one>",
      ],
    );
    assert.match(
      changed("pom.addProperty('x', 'y')"),
      /<\/java\.version>\n {4}<x>y<\/x>\n {2}<\/properties>/,
    );
    assert.match(
      changed("pom.addModule('c')\npom.modules.remove('b')"),
      /<module>a<\/module>\n {4}<module>c<\/module>\n {4}<!-- why b -->\n {2}<\/modules>/,
    );
    assert.match(changed("pom.modules = []"), /<modules>\n {4}<!-- why b -->\n {2}<\/modules>/);
    assert.equal(changed("pom.parent = null").includes("<parent>"), false);
    assert.match(changed("pom.profiles[0].activation.activeByDefault = false"), />false<\/activeByDefault>/);
    const fewer = changed("pom.dependencies.removeAll { it.artifactId == 'one' }");
    assert.match(fewer, /<dependencies>\n {4}<dependency>\n {6}<groupId>g<\/groupId>\n {6}<artifactId>two/);
  });

  it("makes lists and properties that were not there, in any layout", () => {
    const lines =
      "<project>\r\n\t<version>1</version>\r\n\t<scm/>\r\n\t<properties></properties>\r\n</project>";
    assert.equal(
      changed(
        "pom.version = '2'\npom.scm.tag = 'a'\npom.scm.url = 'b'\npom.properties.k = 'v'\npom.modules << 'm'",
        lines,
      ),
      "<project>\r\n\t<version>2</version>\r\n\t<modules>\r\n\t  <module>m</module>\r\n\t</modules>\r\n\t<scm>\r\n\t  <tag>a</tag>\r\n\t  <url>b</url>\r\n\t</scm>\r\n\t<properties>\r\n\t  <k>v</k>\r\n\t</properties>\r\n</project>",
    );
    assert.equal(
      changed("pom.version = '1'\npom.properties.k = 'v'", "<project/>"),
      "<project><version>1</version><properties><k>v</k></properties></project>",
    );
    assert.equal(
      changed("pom.version = '1'", '<m:project xmlns:m="urn:m"><m:name>n</m:name></m:project>'),
      '<m:project xmlns:m="urn:m"><m:version>1</m:version><m:name>n</m:name></m:project>',
    );
  });

  it("writes into another file, and again after a further change", () => {
    const script = `def pom = readMavenPom()
      pom.version = '2'
      writeMavenPom model: pom
      pom.version = '3'
      writeMavenPom model: pom, file: 'out/pom.xml'
      echo ">\${readMavenPom().version} \${readMavenPom(file: 'out/pom.xml').version} \${pom}"`;
    assert.deepEqual(inAgent(script, { "pom.xml": POM }), ["2 3 [inherited]:shop:jar:3"]);
  });

  it("refuses in words what it cannot write", () => {
    const refused = (script: string, pom = POM): string =>
      thrownBy(`def pom = readMavenPom()\n${script}\nwriteMavenPom model: pom`, { "pom.xml": pom });
    assert.match(
      refused("pom.dependencies.add(pom.dependencies[0])"),
      /IllegalArgumentException: writeMavenPom: cannot write dependencies that were added or put in another order: change the file by sh 'mvn/,
    );
    assert.match(refused("pom.dependencies = pom.dependencies.reverse()"), /put in another order/);
    assert.match(refused("pom.properties['a b'] = 1"), /cannot write "a b" as the name of a property/);
    assert.match(refused("pom.version = '\\u0001'"), /characters that XML cannot have/);
    assert.match(
      refused("pom.parent = readMavenPom().parent"),
      /UnsupportedOperationException: parent .* can only be changed in its parts/,
    );
    assert.match(refused("pom.modules = 'a'"), /modules of org\.apache\.maven\.model\.Model is a list/);
    assert.match(refused("pom.name = 'x'", POM.replace("more", "m\uFFFDre")), /a file that is not in UTF-8/);
    const latin = POM.replace("UTF-8", "ISO-8859-1");
    assert.match(refused("pom.name = 'é'", latin), /letters beyond ASCII into a file in ISO-8859-1/);
    assert.equal(refused("pom.name = 'e'", latin), "nothing");
    assert.match(thrownBy("writeMavenPom model: [version: '1']", {}), /model must be what readMavenPom gave/);
    assert.match(
      thrownBy("writeMavenPom model: null", {}),
      /IllegalArgumentException: model must be non-null/,
    );
    assert.match(thrownBy("writeMavenPom()", {}), /Missing required parameter: "model"/);
  });
});

describe("what readers throw", () => {
  it("is caught by whoever catches everything, and by its own name", () => {
    for (const [statement, name] of [
      ["readJSON text: '{'", "net.sf.json.JSONException"],
      ["readYaml text: 'a: ['", "org.yaml.snakeyaml.error.YAMLException"],
    ] as const) {
      assert.match(thrownBy(statement), new RegExp(`^${name.replaceAll(".", "\\.")}: `, "u"));
      const script = (type: string): string => `try { ${statement} } catch (${type}e) { echo '>caught' }`;
      for (const type of ["", "Exception ", "RuntimeException ", `${name} `])
        assert.deepEqual(said(dry(script(type))), ["caught"], `${statement} by ${type}`);
    }
  });

  it("may have no message, which is null and no missing property", () => {
    const script = `try { throw new RuntimeException() } catch (e) { echo ">\${e.message} \${e.cause} \${e.getMessage()}" }`;
    assert.deepEqual(said(dry(script)), ["null null null"]);
  });
});
