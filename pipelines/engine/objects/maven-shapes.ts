/** How one field of the Maven model stands in a pom.xml, and what it is when it is absent. */
export type Field =
  /** A text. `whenAbsent` is what `isName()` says of a text that means true or false; null: there is no such method. */
  | { readonly kind: "text"; readonly absent: string | null; readonly whenAbsent: boolean | null }
  | { readonly kind: "flag"; readonly absent: boolean }
  /** A list of texts: `<goals><goal>a</goal></goals>`. */
  | { readonly kind: "texts" }
  /** Names and values: `<properties><name>value</name></properties>`. */
  | { readonly kind: "properties" }
  | { readonly kind: "one"; readonly shape: string }
  | { readonly kind: "many"; readonly shape: string }
  /** XML of a plugin's own. */
  | { readonly kind: "tree" };

/** A class of the Maven model: its fields in the order in which Maven writes them. */
export type Shape = { readonly name: string; readonly fields: ReadonlyMap<string, Field> };

type Fields = Readonly<Record<string, Field>>;

const TEXT = text(null);
const TEXTS: Field = { kind: "texts" };
const PROPERTIES: Field = { kind: "properties" };
const TREE: Field = { kind: "tree" };

function text(absent: string | null, whenAbsent: boolean | null = null): Field {
  return { kind: "text", absent, whenAbsent };
}

function flag(absent: boolean): Field {
  return { kind: "flag", absent };
}

function one(shape: string): Field {
  return { kind: "one", shape };
}

function many(shape: string): Field {
  return { kind: "many", shape };
}

const PLUGIN_GROUP = text("org.apache.maven.plugins");

const COORDINATES: Fields = { groupId: TEXT, artifactId: TEXT, version: TEXT };

const LIBRARIES: Fields = {
  dependencyManagement: one("DependencyManagement"),
  dependencies: many("Dependency"),
  repositories: many("Repository"),
  pluginRepositories: many("Repository"),
};

const REPORTS: Fields = { reports: TREE, reporting: one("Reporting") };

const BUILD_BASE: Fields = {
  defaultGoal: TEXT,
  resources: many("Resource"),
  testResources: many("Resource"),
  directory: TEXT,
  finalName: TEXT,
  filters: TEXTS,
  pluginManagement: one("PluginManagement"),
  plugins: many("Plugin"),
};

const PERSON: Fields = {
  name: TEXT,
  email: TEXT,
  url: TEXT,
  organization: TEXT,
  organizationUrl: TEXT,
  roles: TEXTS,
  timezone: TEXT,
  properties: PROPERTIES,
};

const REPOSITORY: Fields = {
  releases: one("RepositoryPolicy"),
  snapshots: one("RepositoryPolicy"),
  id: TEXT,
  name: TEXT,
  url: TEXT,
  layout: text("default"),
};

const NAMED: Fields = { name: TEXT, url: TEXT };
const SYSTEM: Fields = { system: TEXT, url: TEXT };

/** https://maven.apache.org/ref/3.9.9/maven-model/maven.html */
const SHAPES: Readonly<Record<string, Fields>> = {
  Model: {
    modelVersion: TEXT,
    parent: one("Parent"),
    ...COORDINATES,
    packaging: text("jar"),
    name: TEXT,
    description: TEXT,
    url: TEXT,
    inceptionYear: TEXT,
    organization: one("Organization"),
    licenses: many("License"),
    developers: many("Developer"),
    contributors: many("Contributor"),
    mailingLists: many("MailingList"),
    prerequisites: one("Prerequisites"),
    modules: TEXTS,
    scm: one("Scm"),
    issueManagement: one("IssueManagement"),
    ciManagement: one("CiManagement"),
    distributionManagement: one("DistributionManagement"),
    properties: PROPERTIES,
    ...LIBRARIES,
    build: one("Build"),
    ...REPORTS,
    profiles: many("Profile"),
  },
  Parent: { ...COORDINATES, relativePath: text("../pom.xml") },
  Organization: NAMED,
  License: { ...NAMED, distribution: TEXT, comments: TEXT },
  Developer: { id: TEXT, ...PERSON },
  Contributor: PERSON,
  MailingList: {
    name: TEXT,
    subscribe: TEXT,
    unsubscribe: TEXT,
    post: TEXT,
    archive: TEXT,
    otherArchives: TEXTS,
  },
  Prerequisites: { maven: text("2.0") },
  Scm: { connection: TEXT, developerConnection: TEXT, tag: text("HEAD"), url: TEXT },
  IssueManagement: SYSTEM,
  CiManagement: { ...SYSTEM, notifiers: many("Notifier") },
  Notifier: {
    type: text("mail"),
    sendOnError: flag(true),
    sendOnFailure: flag(true),
    sendOnSuccess: flag(true),
    sendOnWarning: flag(true),
    address: TEXT,
    configuration: PROPERTIES,
  },
  DistributionManagement: {
    repository: one("DeploymentRepository"),
    snapshotRepository: one("DeploymentRepository"),
    site: one("Site"),
    downloadUrl: TEXT,
    relocation: one("Relocation"),
    status: TEXT,
  },
  DeploymentRepository: { uniqueVersion: flag(true), ...REPOSITORY },
  Repository: REPOSITORY,
  RepositoryPolicy: { enabled: text(null, true), updatePolicy: TEXT, checksumPolicy: TEXT },
  Site: { id: TEXT, ...NAMED },
  Relocation: { ...COORDINATES, message: TEXT },
  DependencyManagement: { dependencies: many("Dependency") },
  Dependency: {
    ...COORDINATES,
    type: text("jar"),
    classifier: TEXT,
    scope: TEXT,
    systemPath: TEXT,
    exclusions: many("Exclusion"),
    optional: text(null, false),
  },
  Exclusion: { artifactId: TEXT, groupId: TEXT },
  Build: {
    sourceDirectory: TEXT,
    scriptSourceDirectory: TEXT,
    testSourceDirectory: TEXT,
    outputDirectory: TEXT,
    testOutputDirectory: TEXT,
    extensions: many("Extension"),
    ...BUILD_BASE,
  },
  BuildBase: BUILD_BASE,
  Extension: COORDINATES,
  Resource: {
    targetPath: TEXT,
    filtering: text(null, false),
    directory: TEXT,
    includes: TEXTS,
    excludes: TEXTS,
  },
  PluginManagement: { plugins: many("Plugin") },
  Plugin: {
    groupId: PLUGIN_GROUP,
    artifactId: TEXT,
    version: TEXT,
    extensions: text(null, false),
    executions: many("PluginExecution"),
    dependencies: many("Dependency"),
    goals: TREE,
    inherited: text(null, true),
    configuration: TREE,
  },
  PluginExecution: {
    id: text("default"),
    phase: TEXT,
    goals: TEXTS,
    inherited: text(null, true),
    configuration: TREE,
  },
  Reporting: {
    excludeDefaults: text(null, false),
    outputDirectory: TEXT,
    plugins: many("ReportPlugin"),
  },
  ReportPlugin: {
    groupId: PLUGIN_GROUP,
    artifactId: TEXT,
    version: TEXT,
    reportSets: many("ReportSet"),
    inherited: text(null, true),
    configuration: TREE,
  },
  ReportSet: { id: text("default"), reports: TEXTS, inherited: text(null, true), configuration: TREE },
  Profile: {
    id: text("default"),
    activation: one("Activation"),
    build: one("BuildBase"),
    modules: TEXTS,
    distributionManagement: one("DistributionManagement"),
    properties: PROPERTIES,
    ...LIBRARIES,
    ...REPORTS,
  },
  Activation: {
    activeByDefault: flag(false),
    jdk: TEXT,
    os: one("ActivationOS"),
    property: one("ActivationProperty"),
    file: one("ActivationFile"),
  },
  ActivationOS: { name: TEXT, family: TEXT, arch: TEXT, version: TEXT },
  ActivationProperty: { name: TEXT, value: TEXT },
  ActivationFile: { missing: TEXT, exists: TEXT },
};

const BY_NAME = new Map<string, Shape>(
  Object.entries(SHAPES).map(([name, fields]) => [name, { name, fields: new Map(Object.entries(fields)) }]),
);

/** The shape of a class of the model. */
export function shapeNamed(name: string): Shape {
  const shape = BY_NAME.get(name);
  if (shape === undefined) throw new Error(`the Maven model has no class ${name}`);
  return shape;
}

/** What an item of a list is called: `dependencies` -> `dependency`, `modules` -> `module`. */
export function itemName(list: string): string {
  return list.replace(/ies$/, "y").replace(/s$/, "");
}
