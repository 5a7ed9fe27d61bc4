import {
  createContext,
  useContext,
  useEffect,
  useMemo,
  useState,
  type MouseEvent,
  type ReactNode,
} from "react";
import type { Address } from "./address.ts";

interface Place {
  readonly address: Address;
  /** Goes to an address of this page; `replace` leaves no entry to go back to. */
  readonly go: (to: string, how?: "push" | "replace") => void;
}

const PlaceContext = createContext<Place | undefined>(undefined);

function readAddress(): Address {
  const { pathname, search, hash } = window.location;
  return { path: pathname, query: new URLSearchParams(search), hash };
}

/** Keeps the address bar and the page together, Back and Forward included. */
export function Location(props: { readonly children: ReactNode }) {
  const [address, setAddress] = useState(readAddress);
  useEffect(() => {
    const read = (): void => setAddress(readAddress());
    window.addEventListener("popstate", read);
    window.addEventListener("hashchange", read);
    return () => {
      window.removeEventListener("popstate", read);
      window.removeEventListener("hashchange", read);
    };
  }, []);
  const place = useMemo<Place>(
    () => ({
      address,
      go(to, how = "push") {
        const samePage = new URL(to, window.location.href).pathname === window.location.pathname;
        if (how === "replace") window.history.replaceState(null, "", to);
        else window.history.pushState(null, "", to);
        setAddress(readAddress());
        if (!samePage) window.scrollTo(0, 0);
      },
    }),
    [address],
  );
  return <PlaceContext value={place}>{props.children}</PlaceContext>;
}

/** Where the reader is and how to go elsewhere. */
export function usePlace(): Place {
  const place = useContext(PlaceContext);
  if (place === undefined) throw new Error("usePlace outside of Location");
  return place;
}

interface LinkProps {
  readonly to: string;
  readonly children: ReactNode;
  readonly className?: string | undefined;
  readonly label?: string | undefined;
  readonly current?: "page" | "true" | undefined;
  readonly title?: string | undefined;
}

/** A link within the page: a real link (middle click, copy address) that does not load the page anew. */
export function Link(props: LinkProps) {
  const { go } = usePlace();
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    go(props.to);
  };
  return (
    <a
      href={props.to}
      onClick={follow}
      className={props.className}
      aria-label={props.label}
      aria-current={props.current}
      title={props.title}
    >
      {props.children}
    </a>
  );
}
