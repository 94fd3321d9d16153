const PATHS = {
  branch: "M5 3.5v9M5 8h3.5A2.5 2.5 0 0 0 11 5.5V5M5 3.5a1 1 0 1 0 0-.01M5 13a1 1 0 1 0 0-.01M11 4.5a1 1 0 1 0 0-.01",
  close: "M4 4l8 8M12 4l-8 8",
  delete: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5M6.8 7v3.7M9.2 7v3.7",
  external: "M9.5 3H13v3.5M13 3L7.5 8.5M11 9.5V13H3V5h3.5",
  key: "M10.3 9.2a3.5 3.5 0 1 0-3.2-2.3L2.5 11.5v2h2.2v-1.7h1.7v-1.7l.9-.9a3.5 3.5 0 0 0 3 0zM11 5.1v.01",
  log: "M3 4h10M3 8h10M3 12h6",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3a5.4 5.4 0 1 0 6.6 6.6z",
  plus: "M8 3.2v9.6M3.2 8h9.6",
  repo: "M4 13.5V3.6A1.1 1.1 0 0 1 5.1 2.5H12.5v11H5.2A1.2 1.2 0 0 1 4 12.3 1.2 1.2 0 0 1 5.2 11h7.3",
  start: "M5 3.2v9.6L12.5 8z",
  stop: "M4.2 4.2h7.6v7.6H4.2z",
  sun: "M8 5.2a2.8 2.8 0 1 0 .01 0M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  system: "M2.5 3.5h11v7.5h-11zM6 13.5h4M8 11v2.5",
  terminal: "M2.5 3h11v10h-11zM5 6.2L7 8 5 9.8M8.4 10H11",
  warning: "M8 2.6l6 10.6H2zM8 6.6v3M8 11.4v.1",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon beside or in place of a word. The caller provides the word. */
export function Icon(props: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[props.name]} />
    </svg>
  );
}
