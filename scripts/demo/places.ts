import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { join } from "node:path";

import { startGitServer } from "../../test/support/services/git.ts";
import type { GitServer } from "../../test/support/services/git.ts";
import { startRegistry } from "../../test/support/services/registry.ts";
import type { Registry } from "../../test/support/services/registry.ts";
import { startMailCatcher } from "../../test/support/services/smtp.ts";
import type { MailCatcher } from "../../test/support/services/smtp.ts";
import { startChatCatcher } from "./chat-catcher.ts";
import type { ChatCatcher } from "./chat-catcher.ts";
import { chatPage, mailsPage } from "./pages.ts";
import { FOLDER } from "./settings.ts";
import type { Ports } from "./settings.ts";
import { createStops } from "./stops.ts";

/** What stands around Sluice in the demo: a git server, a registry, and catchers for mail and chat. */
export interface Places {
  readonly git: GitServer;
  readonly registry: Registry;
  readonly mail: MailCatcher;
  readonly chat: ChatCatcher;
  /** What the button of the mails' page does. */
  onBreak(push: () => Promise<void>): void;
  stop(): Promise<void>;
}

/** Starts all of them; if one fails, those before it are stopped. */
export async function startPlaces(ports: Ports, registryPassword: string): Promise<Places> {
  const stops = createStops();
  try {
    const gitFolder = join(FOLDER, "git");
    const registryFolder = join(FOLDER, "registry");
    await mkdir(gitFolder, { recursive: true });
    await mkdir(registryFolder, { recursive: true });
    const git = await startGitServer({ folder: gitFolder, port: ports.git });
    stops.add(() => git.stop());
    const registry = await startRegistry({
      folder: registryFolder,
      port: ports.registry,
      username: "demo",
      password: registryPassword,
    });
    stops.add(() => registry.stop());
    const mail = await startMailCatcher({ port: ports.smtp });
    stops.add(() => mail.stop());
    const chat = await startChatCatcher(ports.chat, chatPage);
    stops.add(() => chat.stop());
    const page = await startMailsPage(ports.mails, mail);
    stops.add(() => page.stop());
    return { git, registry, mail, chat, onBreak: (push) => page.onBreak(push), stop: () => stops.all() };
  } catch (error) {
    await stops.all();
    throw error;
  }
}

async function startMailsPage(
  port: number,
  mail: MailCatcher,
): Promise<{ onBreak(push: () => Promise<void>): void; stop(): Promise<void> }> {
  let pushBroken = async (): Promise<void> => {};
  const server = createServer((request, response) => {
    if (request.method !== "POST") {
      response.setHeader("content-type", "text/html; charset=utf-8").end(mailsPage(mail.mails));
      return;
    }
    pushBroken().then(
      () => response.writeHead(303, { location: "/" }).end(),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    onBreak: (push) => {
      pushBroken = push;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
