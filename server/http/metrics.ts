/** Counts of answered requests, for Prometheus. */
export interface RequestCounts {
  add(url: string, status: number): void;
  text(): string;
}

/** Makes the counters. Labels are few and fixed: never a path or a name that a stranger may choose. */
export function createRequestCounts(): RequestCounts {
  const counts = new Map<string, number>();
  return {
    add: (url, status) => {
      const key = `${roomOf(url)} ${Math.floor(status / 100)}xx`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
    text: () => {
      const lines = [...counts].map(([key, count]) => {
        const [room, status] = key.split(" ");
        return `sluice_http_requests_total{room="${room}",status="${status}"} ${count}\n`;
      });
      return `# TYPE sluice_http_requests_total counter\n${lines.join("")}`;
    },
  };
}

function roomOf(url: string): string {
  if (url.startsWith("/webhooks/")) return "webhooks";
  if (url.startsWith("/api/v1/")) return "api";
  if (url.startsWith("/runner/")) return "runner";
  return "page";
}
