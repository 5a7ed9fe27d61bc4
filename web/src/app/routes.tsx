import type { ReactNode } from "react";
import { BuildPage } from "../pages/build/page.tsx";
import { BuildsPage } from "../pages/builds.tsx";
import { DeliveriesPage } from "../pages/deliveries.tsx";
import { DeploymentPage } from "../pages/deployment.tsx";
import { EnvironmentPage, EnvironmentsPage } from "../pages/environments.tsx";
import { GatePage } from "../pages/gate/page.tsx";
import { GatesPage } from "../pages/gates.tsx";
import { HomePage } from "../pages/home.tsx";
import { MenuPage, MePage } from "../pages/me.tsx";
import { NotFoundPage } from "../pages/not-found.tsx";
import { ProcessesPage } from "../pages/processes.tsx";
import { ProjectDeliveriesPage, ProjectPage, ProjectSettingsPage, ProjectsPage } from "../pages/project.tsx";
import { SETTINGS, SettingsPage } from "../pages/settings/page.tsx";
import { matchPath, parseId } from "../routing/address.ts";

const BUILD_TABS = ["tests", "changes", "artifacts", "parameters"] as const;

interface Route {
  readonly pattern: string;
  /** The page for the pieces of the path, or undefined where they do not fit after all. */
  readonly page: (
    pieces: Readonly<Record<string, string>>,
    signOut: () => Promise<void>,
  ) => ReactNode | undefined;
}

function build(pieces: Readonly<Record<string, string>>, tab: string): ReactNode | undefined {
  const number = parseId(pieces["number"]);
  const { project } = pieces;
  if (number === undefined || project === undefined) return undefined;
  return (
    <BuildPage
      key={`${project}#${number}`}
      project={project}
      number={number}
      tab={tab}
      step={parseId(pieces["step"])}
    />
  );
}

const ROUTES: readonly Route[] = [
  { pattern: "/", page: () => <HomePage /> },
  { pattern: "/builds", page: () => <BuildsPage /> },
  { pattern: "/gates", page: () => <GatesPage /> },
  {
    pattern: "/gates/:id",
    page: ({ id }) => {
      const number = parseId(id);
      return number === undefined ? undefined : <GatePage key={number} id={number} />;
    },
  },
  { pattern: "/environments", page: () => <EnvironmentsPage /> },
  { pattern: "/environments/:name", page: ({ name }) => <EnvironmentPage key={name} name={name ?? ""} /> },
  {
    pattern: "/deployments/:id",
    page: ({ id }) => {
      const number = parseId(id);
      return number === undefined ? undefined : <DeploymentPage key={number} id={number} />;
    },
  },
  { pattern: "/deliveries", page: () => <DeliveriesPage id={undefined} /> },
  { pattern: "/deliveries/:id", page: ({ id }) => <DeliveriesPage id={parseId(id)} /> },
  { pattern: "/processes", page: () => <ProcessesPage /> },
  { pattern: "/p", page: () => <ProjectsPage /> },
  { pattern: "/p/:project", page: ({ project }) => <ProjectPage key={project} projectKey={project ?? ""} /> },
  {
    pattern: "/p/:project/deliveries",
    page: ({ project }) => <ProjectDeliveriesPage projectKey={project ?? ""} id={undefined} />,
  },
  {
    pattern: "/p/:project/deliveries/:id",
    page: ({ project, id }) => <ProjectDeliveriesPage projectKey={project ?? ""} id={parseId(id)} />,
  },
  {
    pattern: "/p/:project/settings/:part",
    page: ({ project, part }) =>
      part === "hook" || part === "secrets" ? (
        <ProjectSettingsPage projectKey={project ?? ""} part={part} />
      ) : undefined,
  },
  { pattern: "/p/:project/b/:number", page: (pieces) => build(pieces, "log") },
  { pattern: "/p/:project/b/:number/s/:step", page: (pieces) => build(pieces, "log") },
  {
    pattern: "/p/:project/b/:number/:tab",
    page: (pieces) => {
      const tab = BUILD_TABS.find((word) => word === pieces["tab"]);
      return tab === undefined ? undefined : build(pieces, tab);
    },
  },
  { pattern: "/settings", page: () => <SettingsPage part="people" /> },
  {
    pattern: "/settings/:part",
    page: ({ part }) => {
      const known = SETTINGS.find((word) => word === part);
      return known === undefined ? undefined : <SettingsPage part={known} />;
    },
  },
  // Addresses that mails and other programs may carry.
  { pattern: "/runners", page: () => <SettingsPage part="runners" /> },
  { pattern: "/notifications", page: () => <SettingsPage part="notifications" /> },
  { pattern: "/me", page: (_, signOut) => <MePage signOut={signOut} /> },
  { pattern: "/menu", page: () => <MenuPage /> },
];

/** The page for a path; one that says what was looked for when there is none. */
export function pageFor(path: string, signOut: () => Promise<void>): ReactNode {
  for (const route of ROUTES) {
    const pieces = matchPath(route.pattern, path);
    const page = pieces === undefined ? undefined : route.page(pieces, signOut);
    if (page !== undefined) return page;
  }
  return <NotFoundPage path={path} />;
}
