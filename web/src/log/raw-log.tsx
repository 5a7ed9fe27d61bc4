import { useTexts } from "../app/context.tsx";
import { Icon } from "../parts/icon.tsx";

/** Fetches the log as it was written and hands it to the browser to be kept. */
async function download(build: number, step: number): Promise<void> {
  const answer = await fetch(`/api/v1/builds/${build}/steps/${step}/log`, {
    headers: { accept: "text/plain" },
  });
  if (!answer.ok) return;
  const address = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = `build-${build}-step-${step}.log`;
  link.click();
  URL.revokeObjectURL(address);
}

/** The button for the raw log. */
export function RawLog(props: { readonly build: number; readonly step: number }) {
  const texts = useTexts();
  return (
    <button
      type="button"
      className="ib"
      aria-label={texts.log.raw}
      title={texts.log.raw}
      onClick={() => void download(props.build, props.step).catch(() => undefined)}
    >
      <Icon name="get" />
    </button>
  );
}
