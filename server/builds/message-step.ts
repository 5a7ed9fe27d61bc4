import type { MessageRequest } from "../../pipelines/ports.ts";
import type { Config } from "../config.ts";
import type { Message } from "../notifications/message.ts";
import type { BeginScope } from "./prepare-begin.ts";

/** Where a message step goes and what it says; null where no channel of that kind is set up. */
export interface MessageRoute {
  readonly channel: string;
  readonly recipients: readonly string[];
  readonly message: Message;
}

/** Finds the channel of a message step and puts its words into the form that channels send. */
export function messageRoute(
  config: Config,
  scope: BeginScope,
  request: MessageRequest,
): MessageRoute | null {
  const base = {
    event: "step" as const,
    facts: [],
    excerpt: null,
    links: [{ label: `Build ${scope.head.build.number}`, url: scope.head.build.url }],
    project: scope.projectKey,
    branch: scope.head.event.kind === "branch" ? scope.head.event.branch : null,
  };
  switch (request.channel) {
    case "mail": {
      const channel = channelOf(config, "email", null);
      const recipients = [
        ...new Set([...request.to, ...request.cc, ...request.bcc, ...provided(scope, request.providers)]),
      ];
      if (channel === null || recipients.length === 0) return null;
      return {
        channel,
        recipients,
        message: { ...base, title: request.subject, body: request.body, html: request.html },
      };
    }
    case "slack": {
      const channel = channelOf(config, "slack", request.to);
      return channel === null
        ? null
        : {
            channel,
            recipients: [""],
            message: { ...base, title: firstLine(request.text), body: request.text },
          };
    }
    case "dingtalk": {
      const channel = channelOf(config, "dingtalk", request.robot);
      const title = request.title === "" ? firstLine(request.text) : request.title;
      return channel === null
        ? null
        : { channel, recipients: [""], message: { ...base, title, body: request.text } };
    }
    case "status":
      return null;
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

/** The channel of that name, if it is of the kind; else the first of the kind. */
function channelOf(config: Config, type: string, name: string | null): string | null {
  const channels = Object.entries(config.file.channels).filter(([, channel]) => channel.type === type);
  return (channels.find(([key]) => key === name) ?? channels[0])?.[0] ?? null;
}

function provided(scope: BeginScope, providers: readonly string[]): string[] {
  const mail = scope.head.actor?.email ?? null;
  return providers.length > 0 && mail !== null ? [mail] : [];
}
