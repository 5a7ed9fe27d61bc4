import { useMe, useTexts } from "../../app/context.tsx";
import { useAnswer } from "../../app/use-answer.ts";
import { Show } from "../../parts/loading.tsx";
import { Card, Note } from "../../parts/small.tsx";
import { CheckList } from "../first-run.tsx";

/** What the server is set to and what it found when it checked itself; read-only. */
export function ServerPart() {
  const texts = useTexts();
  const me = useMe();
  const loaded = useAnswer<"settings">(me.role === "admin" ? "/settings" : undefined, () => false);
  if (me.role !== "admin") return <Note kind="info">{texts.common.forbidden}</Note>;
  const words = texts.server;
  return (
    <Show of={loaded}>
      {(settings) => (
        <div className="stack12">
          <Card id="sv" title={words.title} note={words.readOnly}>
            <div className="pad">
              <dl className="kv">
                <dt>{words.version}</dt>
                <dd>{settings.version}</dd>
                <dt>{words.url}</dt>
                <dd>
                  <code>{settings.publicUrl}</code>
                </dd>
                <dt>{words.config}</dt>
                <dd>{settings.configFile === null ? words.noConfig : <code>{settings.configFile}</code>}</dd>
                <dt>{words.store}</dt>
                <dd>{words.stores[settings.store]}</dd>
                <dt>{words.forges}</dt>
                <dd>
                  {settings.forges.map((forge) => `${forge.name} (${forge.type}) ${forge.url}`).join(", ") ||
                    texts.common.none}
                </dd>
                <dt>{words.registries}</dt>
                <dd>
                  {settings.registries.map((registry) => `${registry.name} ${registry.host}`).join(", ") ||
                    texts.common.none}
                </dd>
                <dt>{words.targets}</dt>
                <dd>
                  {settings.targets.map((target) => `${target.name} (${target.type})`).join(", ") ||
                    texts.common.none}
                </dd>
                <dt>{words.channels}</dt>
                <dd>
                  {settings.channels.map((channel) => `${channel.name} (${channel.type})`).join(", ") ||
                    texts.common.none}
                </dd>
              </dl>
            </div>
          </Card>
          <Card id="ck" title={words.checks}>
            <CheckList checks={settings.readiness.checks} />
          </Card>
        </div>
      )}
    </Show>
  );
}
