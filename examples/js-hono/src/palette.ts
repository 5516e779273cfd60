// Colours that go together, made of a word: the same word always has the same ones.

/** One colour. */
export type Colour = { name: string; css: string };

const names = ["base", "light", "accent", "contrast", "dark"];

/** The colours of a word. */
export async function palette(word: string): Promise<Colour[]> {
  const bytes = new TextEncoder().encode(word);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hue = ((digest[0] << 8) | digest[1]) % 360;
  const turn = [0, 15, 150, 180, 210];
  return names.map((name, index) => {
    const saturation = 45 + (digest[index + 2] % 40);
    const lightness = [55, 85, 60, 45, 20][index];
    return { name, css: `hsl(${(hue + turn[index]) % 360} ${saturation}% ${lightness}%)` };
  });
}
