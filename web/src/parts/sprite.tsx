/**
 * Every shape the page uses, drawn once. The outline says what thing it is (circle a build, diamond a gate, square a
 * deployment), the mark says its state; filled is final, hollow is open. A state is thus never colour alone.
 */
export function Sprite() {
  return (
    <svg className="sprite" aria-hidden="true">
      <symbol id="aborted" viewBox="0 0 16 16">
        <circle cx="8" cy="8" r="6.3" className="o" />
        <path d="M3.7 12.3 12.3 3.7" className="s" />
      </symbol>
      <symbol id="again" viewBox="0 0 16 16">
        <path d="M13 8a5 5 0 1 1-1.5-3.6M13 2.2v2.9h-2.9" className="s" />
      </symbol>
      <symbol id="approved" viewBox="0 0 16 16">
        <path d="M8 .9 15.1 8 8 15.1.9 8z" className="f" />
        <path d="m4.9 8.2 2.2 2.2 4-4.6" className="k" />
      </symbol>
      <symbol id="branch" viewBox="0 0 16 16">
        <path
          d="M4.5 5.2v5.6M11.5 5.2c0 3.4-7 2-7 5.6M4.5 5.2a1.4 1.4 0 1 0 0-2.8 1.4 1.4 0 0 0 0 2.8M11.5 5.2a1.4 1.4 0 1 0 0-2.8 1.4 1.4 0 0 0 0 2.8M4.5 13.6a1.4 1.4 0 1 0 0-2.8 1.4 1.4 0 0 0 0 2.8"
          className="s"
        />
      </symbol>
      <symbol id="chat" viewBox="0 0 16 16">
        <path d="M2.5 3h11v7.5H7.5L4.5 13.5v-3h-2z" className="s" />
      </symbol>
      <symbol id="clockv" viewBox="0 0 16 16">
        <path d="M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2M8 4.8V8.2l2.2 1.4" className="s" />
      </symbol>
      <symbol id="close" viewBox="0 0 16 16">
        <path d="m4 4 8 8m0-8-8 8" className="s" />
      </symbol>
      <symbol id="copy" viewBox="0 0 16 16">
        <path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" className="s" />
      </symbol>
      <symbol id="d-applying" viewBox="0 0 16 16">
        <rect x="1.7" y="1.7" width="12.6" height="12.6" rx="2" className="o" />
        <path d="M8 11.4V5m-2.7 2.6L8 4.8l2.7 2.8" className="s" />
      </symbol>
      <symbol id="d-failed" viewBox="0 0 16 16">
        <rect x="1.2" y="1.2" width="13.6" height="13.6" rx="2.3" className="f" />
        <path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" className="k" />
      </symbol>
      <symbol id="d-pending" viewBox="0 0 16 16">
        <rect x="1.7" y="1.7" width="12.6" height="12.6" rx="2" className="o" strokeDasharray="2.6 2.3" />
      </symbol>
      <symbol id="d-rbfailed" viewBox="0 0 16 16">
        <rect x="1.2" y="1.2" width="13.6" height="13.6" rx="2.3" className="f" />
        <path d="M6 5v4M6 11.4v.2M10 5v4M10 11.4v.2" className="k" />
      </symbol>
      <symbol id="d-rolled" viewBox="0 0 16 16">
        <rect x="1.2" y="1.2" width="13.6" height="13.6" rx="2.3" className="f" />
        <path d="M5 8a3.1 3.1 0 1 1 1 2.3M5 5.4V8h2.5" className="k" />
      </symbol>
      <symbol id="d-rolling" viewBox="0 0 16 16">
        <rect x="1.7" y="1.7" width="12.6" height="12.6" rx="2" className="o" />
        <path d="M5 8a3.1 3.1 0 1 1 1 2.3M5 5.4V8h2.5" className="s" />
      </symbol>
      <symbol id="d-succeeded" viewBox="0 0 16 16">
        <rect x="1.2" y="1.2" width="13.6" height="13.6" rx="2.3" className="f" />
        <path d="m4.9 8.2 2.2 2.2 4-4.6" className="k" />
      </symbol>
      <symbol id="d-unknown" viewBox="0 0 16 16">
        <rect x="1.7" y="1.7" width="12.6" height="12.6" rx="2" className="o" />
        <path d="M6.2 6.2a1.9 1.9 0 1 1 2.7 1.9c-.6.3-.9.6-.9 1.2M8 11.6v.2" className="s" />
      </symbol>
      <symbol id="d-verifying" viewBox="0 0 16 16">
        <rect x="1.7" y="1.7" width="12.6" height="12.6" rx="2" className="o" />
        <path d="M7.3 4.9a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8M9.1 9.1l2 2" className="s" />
      </symbol>
      <symbol id="db" viewBox="0 0 16 16">
        <path
          d="M2.8 4c0-1 2.3-1.7 5.2-1.7S13.2 3 13.2 4 10.9 5.7 8 5.7 2.8 5 2.8 4v8c0 1 2.3 1.7 5.2 1.7s5.2-.7 5.2-1.7V4M2.8 8c0 1 2.3 1.7 5.2 1.7S13.2 9 13.2 8"
          className="s"
        />
      </symbol>
      <symbol id="dots" viewBox="0 0 16 16">
        <path
          d="M2.2 8a1.3 1.3 0 1 0 2.6 0 1.3 1.3 0 0 0-2.6 0M6.7 8a1.3 1.3 0 1 0 2.6 0 1.3 1.3 0 0 0-2.6 0M11.2 8a1.3 1.3 0 1 0 2.6 0 1.3 1.3 0 0 0-2.6 0"
          className="f"
        />
      </symbol>
      <symbol id="down" viewBox="0 0 16 16">
        <path d="m4.5 6.5 3.5 3.5 3.5-3.5" className="s" />
      </symbol>
      <symbol id="expired" viewBox="0 0 16 16">
        <path d="M8 1.7 14.3 8 8 14.3 1.7 8z" className="o" />
        <path d="M8 5v3.2l2 1.3" className="s" />
      </symbol>
      <symbol id="eye" viewBox="0 0 16 16">
        <path
          d="M1.8 8c1.5-2.8 3.6-4.2 6.2-4.2s4.7 1.4 6.2 4.2c-1.5 2.8-3.6 4.2-6.2 4.2S3.3 10.8 1.8 8M8 6.3a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4"
          className="s"
        />
      </symbol>
      <symbol id="failed" viewBox="0 0 16 16">
        <path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" className="f" />
        <path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" className="k" />
      </symbol>
      <symbol id="flag" viewBox="0 0 16 16">
        <path d="M4 14V2.5M4 3h8.5l-2 3 2 3H4" className="s" />
      </symbol>
      <symbol id="follow" viewBox="0 0 16 16">
        <path d="M8 2.5v8M4.5 7.2 8 10.7l3.5-3.5M3 13.5h10" className="s" />
      </symbol>
      <symbol id="get" viewBox="0 0 16 16">
        <path d="M8 2.5v7M5 6.8l3 3 3-3M2.5 11v2.5h11V11" className="s" />
      </symbol>
      <symbol id="home" viewBox="0 0 16 16">
        <path d="M2.5 7.5 8 2.8l5.5 4.7M4 6.5v7h8v-7" className="s" />
      </symbol>
      <symbol id="left" viewBox="0 0 16 16">
        <path d="M9.5 4.5 6 8l3.5 3.5" className="s" />
      </symbol>
      <symbol id="link" viewBox="0 0 16 16">
        <path
          d="M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2.3-2.3a2.6 2.6 0 0 0-3.7-3.7l-.8.8M9.2 6.8a2.6 2.6 0 0 0-3.7 0L3.2 9.1a2.6 2.6 0 0 0 3.7 3.7l.8-.8"
          className="s"
        />
      </symbol>
      <symbol id="list" viewBox="0 0 16 16">
        <path d="M2.5 4h11M2.5 8h11M2.5 12h11" className="s" />
      </symbol>
      <symbol id="lock" viewBox="0 0 16 16">
        <path d="M4 7.5h8v6H4zM5.6 7.3V5a2.4 2.4 0 0 1 4.8 0v2.3" className="s" />
      </symbol>
      <symbol id="logo" viewBox="0 0 16 16">
        <path d="M3 1.5v13M13 1.5v13" className="s" />
        <path d="M5.3 2.5h5.4v4.6H5.3z" className="f" />
        <path
          d="M1 11.2c1.2 0 1.2-.9 2.4-.9s1.2.9 2.3.9 1.2-.9 2.3-.9 1.2.9 2.3.9 1.2-.9 2.4-.9 1.2.9 2.3.9"
          className="s"
        />
      </symbol>
      <symbol id="mail" viewBox="0 0 16 16">
        <path d="M2.5 3.5h11v9h-11zM2.8 4l5.2 4.6L13.2 4" className="s" />
      </symbol>
      <symbol id="notbuilt" viewBox="0 0 16 16">
        <circle cx="8" cy="8" r="6.3" className="o" />
        <path d="M5 8h6" className="s" />
      </symbol>
      <symbol id="ours" viewBox="0 0 16 16">
        <path d="M5.3 1.7h5.4l3.6 3.6v5.4l-3.6 3.6H5.3l-3.6-3.6V5.3z" className="o" />
        <path d="M8.9 2.8 4.9 8.7h2.6l-.6 4.5 4.2-6.1H8.4z" className="f" />
      </symbol>
      <symbol id="out" viewBox="0 0 16 16">
        <path d="M6.5 3.5h-3v9h9v-3M9 2.5h4.5V7M13.5 2.5 7.5 8.5" className="s" />
      </symbol>
      <symbol id="plus" viewBox="0 0 16 16">
        <path d="M8 3v10M3 8h10" className="s" />
      </symbol>
      <symbol id="queued" viewBox="0 0 16 16">
        <circle cx="8" cy="8" r="6.3" className="o" strokeDasharray="2.6 2.35" />
      </symbol>
      <symbol id="rejected" viewBox="0 0 16 16">
        <path d="M8 .9 15.1 8 8 15.1.9 8z" className="f" />
        <path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" className="k" />
      </symbol>
      <symbol id="right" viewBox="0 0 16 16">
        <path d="m6.5 4.5 3.5 3.5-3.5 3.5" className="s" />
      </symbol>
      <symbol id="running" viewBox="0 0 16 16">
        <circle cx="8" cy="8" r="6.2" className="o" opacity=".3" />
        <path d="M8 1.8A6.2 6.2 0 0 1 14.2 8" className="o arc" />
        <circle cx="8" cy="8" r="2.1" className="f" />
      </symbol>
      <symbol id="search" viewBox="0 0 16 16">
        <path d="M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.4 10.4 14 14" className="s" />
      </symbol>
      <symbol id="snow" viewBox="0 0 16 16">
        <path
          d="M8 2v12M2.8 5l10.4 6M13.2 5 2.8 11M6.5 2.8 8 4.2l1.5-1.4M6.5 13.2 8 11.8l1.5 1.4"
          className="s"
        />
      </symbol>
      <symbol id="succeeded" viewBox="0 0 16 16">
        <circle cx="8" cy="8" r="7" className="f" />
        <path d="m4.9 8.2 2.2 2.2 4-4.6" className="k" />
      </symbol>
      <symbol id="tag" viewBox="0 0 16 16">
        <path d="M2.5 2.5h5l6 6-5 5-6-6zM5.4 5.4v.1" className="s" />
      </symbol>
      <symbol id="tick" viewBox="0 0 16 16">
        <path d="m3 8.5 3.2 3.2L13 4.8" className="s" />
      </symbol>
      <symbol id="unstable" viewBox="0 0 16 16">
        <path d="M8 1 15.4 14.4H.6z" className="f" />
        <path d="M8 5.8v3.6M8 12v.2" className="k" />
      </symbol>
      <symbol id="upc" viewBox="0 0 16 16">
        <path d="m4.5 9.5L8 6l3.5 3.5" className="s" />
      </symbol>
      <symbol id="waiting" viewBox="0 0 16 16">
        <path d="M8 1.7 14.3 8 8 14.3 1.7 8z" className="o" />
        <path d="M6.6 5.6v4.8M9.4 5.6v4.8" className="s" />
      </symbol>
      <symbol id="withdrawn" viewBox="0 0 16 16">
        <path d="M8 1.7 14.3 8 8 14.3 1.7 8z" className="o" />
        <path d="M5 8h6" className="s" />
      </symbol>
      <symbol id="wrap" viewBox="0 0 16 16">
        <path
          d="M2.5 4h11M2.5 8h9a2.3 2.3 0 0 1 0 4.6H8M9.7 10.8 7.9 12.6l1.8 1.7M2.5 12h2.5"
          className="s"
        />
      </symbol>
    </svg>
  );
}
