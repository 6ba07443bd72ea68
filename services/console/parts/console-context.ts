// What every part of the page needs: the words and formats of the language, the theme, and the live channel.
import { createContext, useContext } from 'react';
import type { Live } from '../live/connection.ts';
import type { Format } from '../words/format.ts';
import type { LanguageCode, Words } from '../words/words.ts';

export type Theme = 'system' | 'light' | 'dark';

export type ConsoleContext = {
  readonly words: Words;
  readonly format: Format;
  readonly language: LanguageCode;
  readonly setLanguage: (language: LanguageCode) => void;
  readonly theme: Theme;
  readonly setTheme: (theme: Theme) => void;
  readonly live: Live;
  /** Says a sentence to screen readers and shows it for a moment. */
  readonly announce: (sentence: string) => void;
};

export const consoleContext = createContext<ConsoleContext | undefined>(undefined);

export function useConsole(): ConsoleContext {
  const value = useContext(consoleContext);
  if (value === undefined) throw new Error('useConsole outside of the console');
  return value;
}
