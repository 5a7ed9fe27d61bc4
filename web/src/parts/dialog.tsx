import { useEffect, useId, useRef, type ReactNode } from "react";
import { useTexts } from "../app/context.tsx";

/** A question over the page. Escape and "Cancel" close it, and focus goes back to where it came from. */
export function Dialog(props: {
  readonly title: string;
  readonly close: () => void;
  readonly children: ReactNode;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const dialog = element.current;
    if (dialog !== null && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      className="dlg"
      aria-labelledby={title}
      onCancel={props.close}
      onClose={props.close}
    >
      <h2 id={title}>{props.title}</h2>
      {props.children}
    </dialog>
  );
}

/** The buttons at the end of a dialog: the act, and the way out first in reach of nobody's reflex. */
export function DialogActs(props: { readonly close: () => void; readonly children: ReactNode }) {
  const texts = useTexts();
  return (
    <div className="acts dlg-acts">
      <button type="button" className="btn" onClick={props.close}>
        {texts.common.cancel}
      </button>
      <span className="far acts">{props.children}</span>
    </div>
  );
}
