import { NO_FAULTS } from "../../runners/faults.ts";
import type { ChannelConfig, SluiceFile } from "../config-schema.ts";
import type { OutsideFaults } from "../outside-points.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Channel } from "./channel.ts";
import { createDingTalkChannel } from "./channels/dingtalk/channel.ts";
import { createEmailChannel } from "./channels/email/channel.ts";
import { createSlackChannel } from "./channels/slack/channel.ts";

/** A channel of the configuration cannot be used until somebody sets its secret. */
export class ChannelNotReady extends Error {
  override readonly name = "ChannelNotReady";
}

interface Deps {
  readonly file: Pick<SluiceFile, "channels">;
  readonly secrets: Pick<Secrets, "resolveSecret">;
  readonly publicUrl: string;
  readonly nowMs: () => number;
  readonly faults?: OutsideFaults;
}

/** The configured channels by name. Addresses and logins are read from the vault at each sending. */
export function createChannels(deps: Deps): (name: string) => Channel | null {
  const made = new Map<string, Channel>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const config = deps.file.channels[name];
    if (config === undefined) return null;
    const channel = createChannel(deps, config);
    made.set(name, channel);
    return channel;
  };
}

function createChannel(deps: Deps, config: ChannelConfig): Channel {
  const { faults = NO_FAULTS } = deps;
  const textOf = async (name: string): Promise<string> => {
    const found = await deps.secrets.resolveSecret("", name);
    if (found?.value.type === "string") return found.value.text;
    throw new ChannelNotReady(`the secret "${name}" is not set: sluice secret set ${name}`);
  };
  const addressOf = async (url: string | { secret: string }) =>
    typeof url === "string" ? url : await textOf(url.secret);
  switch (config.type) {
    case "email": {
      const { secret } = config;
      return createEmailChannel({
        host: config.host,
        port: config.port,
        from: config.from,
        requireTls: config.secure,
        publicUrl: deps.publicUrl,
        faults,
        login:
          secret === undefined
            ? null
            : async () => {
                const found = await deps.secrets.resolveSecret("", secret);
                if (found?.value.type === "usernamePassword")
                  return { user: found.value.username, pass: found.value.password };
                throw new ChannelNotReady(`the secret "${secret}" with user name and password is not set`);
              },
      });
    }
    case "slack":
      return createSlackChannel(() => addressOf(config.url), faults);
    case "dingtalk":
      return createDingTalkChannel(
        async () => ({
          url: await addressOf(config.url),
          signingSecret: config.sign === undefined ? null : await textOf(config.sign.secret),
          keyword: null,
        }),
        deps.nowMs,
        faults,
      );
  }
}
