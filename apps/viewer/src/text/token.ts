// Tokens as they may be shown: no character of them is invisible or turns the direction of writing. The same as
// apps/inspect/token_text in the program.

const SHAPELESS = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Zs}]/u;
const MARK_FIRST = /^[\p{Mn}\p{Me}]/u;

function escaped(code: number): string {
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

/// Space is `␠`, newline `⏎`, tab `⇥`, an empty token `∅`; other characters without a shape are escaped. Nothing is
/// stripped. A token that opens with a combining mark gets a dotted circle to stand on.
export function visible_token(token: string): string {
  if (token === "") return "∅";
  let shown = MARK_FIRST.test(token) ? "◌" : "";
  for (const character of token) {
    if (character === " ") shown += "␠";
    else if (character === "\n") shown += "⏎";
    else if (character === "\t") shown += "⇥";
    else shown += SHAPELESS.test(character) ? escaped(character.codePointAt(0)!) : character;
  }
  return shown;
}

/// The name of a run or a probe, where spaces may stay spaces.
export function visible_name(name: string): string {
  return visible_token(name).replaceAll("␠", " ");
}

/// The token and its position: `a·3`. Positions are always shown, because tokens that occur twice are the point of
/// copying and induction.
export function indexed(token: string | undefined, position: number): string {
  return `${token ?? ""}·${position}`;
}

/// At most `length` characters, the rest an ellipsis. Characters are code points, so no emoji is cut in half.
export function shortened(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : characters.slice(0, length - 1).join("") + "…";
}
