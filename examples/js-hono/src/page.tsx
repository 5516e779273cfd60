import type { Colour } from "./palette";

/** The page of a word. */
export function Page({ word, colours }: { word: string; colours: Colour[] }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>{word} – a palette</title>
        <link rel="stylesheet" href="style.css" />
      </head>
      <body>
        <form>
          <label for="word">The colours of</label>
          <input id="word" name="word" value={word} autofocus />
        </form>
        <ul>
          {colours.map((colour) => (
            <li style={`background: ${colour.css}`}>
              <b>{colour.name}</b>
              <code>{colour.css}</code>
            </li>
          ))}
        </ul>
        <a href={`api/palettes/${encodeURIComponent(word)}`}>as JSON</a>
      </body>
    </html>
  );
}
