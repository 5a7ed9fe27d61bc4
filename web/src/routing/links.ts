import { formatLineRange, type LineRange } from "../log/line-range.ts";

function project(key: string): string {
  return `/p/${encodeURIComponent(key)}`;
}

function build(key: string, number: number): string {
  return `${project(key)}/b/${number}`;
}

/** The addresses of the page; every view is a link, and every link is made here. */
export const links = {
  home: "/",
  builds: "/builds",
  gates: "/gates",
  environments: "/environments",
  projects: "/p",
  processes: "/processes",
  deliveries: "/deliveries",
  menu: "/menu",
  me: "/me",
  settings: "/settings",
  setting: (part: string): string => `/settings/${part}`,
  signIn: (back: string): string => `/login?back=${encodeURIComponent(back)}`,
  project,
  projectDeliveries: (key: string): string => `${project(key)}/deliveries`,
  delivery: (key: string | null, id: number): string =>
    key === null ? `/deliveries/${id}` : `${project(key)}/deliveries/${id}`,
  projectHook: (key: string): string => `${project(key)}/settings/hook`,
  projectSecrets: (key: string): string => `${project(key)}/settings/secrets`,
  build,
  buildTab: (key: string, number: number, tab: string): string => `${build(key, number)}/${tab}`,
  step: (key: string, number: number, step: number, lines?: LineRange): string =>
    `${build(key, number)}/s/${step}${lines === undefined ? "" : formatLineRange(lines)}`,
  gate: (id: number): string => `/gates/${id}`,
  environment: (name: string): string => `/environments/${encodeURIComponent(name)}`,
  deployment: (id: number): string => `/deployments/${id}`,
} as const;
