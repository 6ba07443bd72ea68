/** Between two words on progress: a terminal's line is written over, a file gets a line now and then. */
const terminalMs = 250;
const fileMs = 10_000;

type Screen = { readonly write: (text: string) => unknown; readonly isTTY?: boolean; readonly columns?: number };

/** Tells on `screen` how far the work is, on one line that changes where it is a terminal, and what else there is to say. */
export function createTeller(screen: Screen, deps: { readonly now: () => number }) {
  const isTerminal = screen.isTTY === true;
  let toldAt = deps.now();
  let isLineOpen = false;
  const endLine = () => {
    if (isLineOpen) screen.write('\r\u001b[K');
    isLineOpen = false;
  };
  return {
    /** `words` is asked only when it is time to say something. */
    progress: (words: () => string): void => {
      const now = deps.now();
      if (now - toldAt < (isTerminal ? terminalMs : fileMs)) return;
      toldAt = now;
      const text = `mailward import: ${words()}`;
      if (isTerminal) screen.write(`\r${text.slice(0, (screen.columns ?? 80) - 1)}\u001b[K`);
      else screen.write(`${text}\n`);
      isLineOpen = isTerminal;
    },
    say: (words: string): void => {
      endLine();
      // A file's name is a stranger's text: nothing of it commands the terminal.
      screen.write(`mailward import: ${words.replace(/\p{C}/gu, '\ufffd')}\n`);
    },
    end: endLine,
  };
}
