/** Everything that the page shows, holds in a field, or stores. */
export async function traces(page) {
  const held = await page.evaluate(() => [
    JSON.stringify({ ...localStorage }),
    JSON.stringify({ ...sessionStorage }),
    document.cookie,
    location.href,
    ...Array.from(document.querySelectorAll("input, textarea"), (field) => field.value),
  ]);
  return [await page.content(), ...held];
}
