import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

const JENKINSFILE = `node {
  checkout scm
  writeFile file: 'in/a.txt', text: 'one\\n'
  writeFile file: 'in/deep/b.md', text: 'two\\n'
  touch file: 'in/old.txt', timestamp: 86400000
  echo "> \${findFiles(glob: 'in/old.txt')[0].lastModified} \${sha256('in/a.txt')}"
  writeYaml file: 'in/c.yml', data: [a: [1, 2]]
  try { writeYaml file: 'in/c.yml', data: 1 } catch (e) { echo "> \${e.message}" }
  zip zipFile: 'all.zip', dir: 'in', glob: '**/*.txt, **/*.md', archive: true
  try { zip 'all.zip' } catch (e) { echo "> \${e.message}" }
  def texts = unzip zipFile: 'all.zip', glob: '**/*.txt', read: true
  echo "> \${texts.keySet()} \${texts['a.txt'].trim()} \${unzip zipFile: 'all.zip', test: true} \${unzip zipFile: 'pom.xml', test: true}"
  unzip zipFile: 'all.zip', dir: 'out', quiet: true
  tar file: 'all.tgz', dir: 'out'
  untar file: 'all.tgz', dir: 'back'
  echo "> \${readFile('back/deep/b.md').trim()} \${findFiles(glob: 'back/**')*.path}"
  def pom = readMavenPom()
  echo "> \${pom.version} \${pom.parent.artifactId} \${pom.packaging} \${pom.modules}"
  pom.version = '2.0'
  writeMavenPom model: pom
  echo "> \${readMavenPom().version}"
  archiveArtifacts artifacts: 'BACK/*.TXT', caseSensitive: false
  writeFile file: 'opt/mvn/bin/mvn', text: '#!/bin/sh'
  sh 'chmod 755 opt/mvn/bin/mvn'
  withEnv(["PATH+MVN=\${pwd()}/opt/mvn/bin"]) {
    echo "> \${tool 'M3'} \${tool(name: 'x', type: 'hudson.tasks.Maven\\$MavenInstallation')}"
  }
  try { tool 'gradle-7' } catch (e) { echo "> \${e.message}" }
  try { tool 'magic' } catch (e) { echo "> \${e.message}" }
  try { unzip 'pom.xml' } catch (e) { echo "> \${e.message}" }
  tee('logs/all.txt') {
    echo 'said'
    sh '#!/bin/sh\\necho printed; echo error >&2'
    tee('logs/inner.txt') { parallel a: { sh '#!/bin/sh\\necho a' }, b: { sh '#!/bin/sh\\necho b' } }
  }
  sh 'echo beside'
  stash name: 'twice', includes: 'in/a.txt'
  archiveArtifacts 'in/a.txt'
  writeFile file: 'in/a.txt', text: 'changed'
  stash name: 'twice', includes: 'in/a.txt'
  archiveArtifacts 'in/a.txt'
  dir('again') {
    unstash 'twice'
    echo "> \${readFile('in/a.txt')}"
  }
  echo "> \${readFile('logs/all.txt').split('\\n').sort()} \${readFile('logs/inner.txt').size()}"
}
`;
const POM = `<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <parent><groupId>org.acme</groupId><artifactId>all</artifactId><version>1</version></parent>
  <artifactId>shop</artifactId>
  <version>1.2-SNAPSHOT</version>
  <modules><module>api</module><module>web</module></modules>
</project>
`;

describe("steps that work on files", function () {
  this.timeout(200_000);
  let spine: Spine;
  before(async () => {
    spine = await startSpine();
  });
  after(async () => await spine.stop());

  it("do it in the agent's workspace, with any image", async () => {
    await spine.push("files", { Jenkinsfile: JENKINSFILE, "pom.xml": POM });
    const build = await spine.server.api.buildEnded(PROJECT, 1);
    const text = await spine.server.api.console(build.id);
    assert.equal(build.state, "succeeded", text);
    const said = text.split("\n").filter((line) => line.startsWith("> "));
    assert.deepEqual(said, [
      "> 86400000 2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806",
      "> Target file in/c.yml already exists and cannot be overwritten: overwrite: true does it",
      "> /sluice/src/all.zip exists: overwrite: true writes over it",
      "> [a.txt, old.txt] one true false",
      "> two [back/a.txt, back/deep/b.md, back/old.txt]",
      "> 1.2-SNAPSHOT all jar [api, web]",
      "> 2.0",
      "> /sluice/src/opt/mvn /sluice/src/opt/mvn",
      "> there is no gradle in this agent's image, and Sluice installs no tools: use an image that has it, such as agent { docker 'maven:3' }",
      `> nobody knows which program the tool "magic" is: say its type, such as tool(name: 'magic', type: 'maven'), or write its path`,
      "> /sluice/src/pom.xml cannot be read as zip: End of central directory record signature not found. Either not a zip file, or file is truncated.",
      "> changed",
      "> [a, b, error, printed, said] 4",
    ]);
    assert.match(text, /Zipped 3 entries\./u);
    assert.match(text, /Extracting: deep\/b\.md -> \/sluice\/src\/back\/deep\/b\.md/u);
    assert.deepEqual(build.artifacts.map(({ name }) => name).toSorted(), [
      "all.zip",
      "back/a.txt",
      "back/old.txt",
      "in/a.txt",
    ]);
  });

  it("bring what another build has archived", async () => {
    await spine.push("copies", {
      Jenkinsfile: `node {
  copyArtifacts projectName: '${PROJECT}/main', selector: specific('1'), filter: 'back/**, in/*', excludes: '**/old.txt', target: 'got'
  echo "> \${findFiles(glob: 'got/**')*.path} \${readFile('got/in/a.txt')} \${readFile('got/back/a.txt').trim()}"
  copyArtifacts projectName: '${PROJECT}', selector: lastSuccessful(), flatten: true, filter: 'back/*'
  echo "> \${fileExists('old.txt')}"
  copyArtifacts projectName: '${PROJECT}', selector: lastSuccessful(), filter: '*.none', optional: true
  try { copyArtifacts projectName: '${PROJECT}', selector: specific('99') } catch (e) { echo "> \${e.message}" }
  try { copyArtifacts 'nobody' } catch (e) { echo "> \${e.message}" }
  archiveArtifacts 'got/in/a.txt'
}
`,
    });
    const build = await spine.server.api.buildEnded(PROJECT, 2);
    const text = await spine.server.api.console(build.id);
    assert.equal(build.state, "succeeded", text);
    assert.deepEqual(
      text.split("\n").filter((line) => line.startsWith("> ")),
      [
        "> [got/back/a.txt, got/in/a.txt] changed one",
        "> true",
        `> Unable to find a build for artifact copy from: ${PROJECT}`,
        "> Unable to find project for artifact copy: nobody; name one of this server by its key, or by key/branch",
      ],
    );
    assert.match(text, /Copied 2 artifacts from ".*" build number 1/u);
    assert.match(text, /Failed to copy artifacts from .* with filter: \*\.none/u);
  });
});
