/** Where the users of a well-known server create a token, and which rights Git needs. */
export interface TokenPage {
  host: string;
  url: string;
  rights: string;
}

const PAGES: TokenPage[] = [
  {
    host: "github.com",
    url: "https://github.com/settings/personal-access-tokens/new",
    rights: "Give it the permission “Contents: Read and write”.",
  },
  {
    host: "gitlab.com",
    url: "https://gitlab.com/-/user_settings/personal_access_tokens",
    rights: "Give it the scope “write_repository”.",
  },
  {
    host: "codeberg.org",
    url: "https://codeberg.org/user/settings/applications",
    rights: "Give it the permission “repository: Read and write”.",
  },
];

export const tokenPageOf = (origin: string | undefined) => PAGES.find(({ host }) => `https://${host}` === origin);
