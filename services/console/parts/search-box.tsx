// The one search box. On the list of messages it filters as one types; elsewhere Enter leads there.
import { type RefObject, useEffect, useState } from 'react';
import { useLocation, useSearchParams } from 'react-router';
import { paths } from '../paths.ts';
import { useConsole } from './console-context.ts';
import { useScopedNavigate } from './scoped-link.tsx';

/** Long enough that a fast typist asks once, short enough to feel immediate. */
const typingPauseMs = 250;

export function SearchBox({ field }: { readonly field: RefObject<HTMLInputElement | null> }) {
  const { words } = useConsole();
  const navigate = useScopedNavigate();
  const { pathname } = useLocation();
  const [search] = useSearchParams();
  const isList = pathname === paths.messages();
  const inUrl = isList ? (search.get('q') ?? '') : '';
  const [typed, setTyped] = useState<{ readonly text: string; readonly over: string }>({ text: inUrl, over: inUrl });
  // What is typed counts until the address says something new (back, a link).
  const text = typed.over === inUrl ? typed.text : inUrl;

  useEffect(() => {
    if (!isList || text === inUrl) return;
    const timer = setTimeout(() => {
      setTyped({ text, over: text });
      navigate(paths.messages({ ...Object.fromEntries(search), q: text }), { replace: true });
    }, typingPauseMs);
    return () => clearTimeout(timer);
  }, [isList, text, inUrl, navigate, search]);

  return (
    <search>
      <form
        data-filled={text === '' ? undefined : ''}
        onSubmit={(event) => {
          event.preventDefault();
          setTyped({ text, over: text });
          const kept = isList ? Object.fromEntries(search) : {};
          navigate(paths.messages({ ...kept, q: text }), { replace: isList });
        }}
      >
        <input
          ref={field}
          type="search"
          name="q"
          maxLength={1024}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          aria-label={words.search.label}
          aria-keyshortcuts="/"
          placeholder={words.search.placeholder}
          title={words.search.placeholder}
          value={text}
          onChange={({ target }) => setTyped({ text: target.value, over: inUrl })}
        />
      </form>
    </search>
  );
}
