// Whose mail the page speaks of. It says so plainly while a scope is on, and is where one is chosen.
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { visible } from '../visible.ts';
import { useConsole } from './console-context.ts';
import { useScope } from './scoped-link.tsx';

/** Longest name with its dots, as the API takes it. */
const domainCharactersMax = 256;

export function ScopeButton({ isOpen, toggle }: { readonly isOpen: boolean; readonly toggle: () => void }) {
  const { words } = useConsole();
  const scope = useScope();
  return (
    <button
      type="button"
      className="plain scope-button"
      aria-expanded={isOpen}
      aria-label={words.scope.label}
      title={words.scope.label}
      aria-pressed={scope !== undefined}
      onClick={toggle}
    >
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <path
          d="M2 3h12l-4.7 5.4V13l-2.6-1.4V8.4Z"
          fill={scope === undefined ? 'none' : 'currentColor'}
          stroke="currentColor"
          strokeWidth="1.4"
          strokeLinejoin="round"
        />
      </svg>
      <span>{words.scope.label}</span>
    </button>
  );
}

export function ScopeBar({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const { words } = useConsole();
  const scope = useScope();
  const [search, setSearch] = useSearchParams();
  const [typed, setTyped] = useState<string>();
  const choose = (domain: string): void => {
    const next = new URLSearchParams(search);
    if (domain === '') next.delete('domain');
    else next.set('domain', domain);
    setTyped(undefined);
    setSearch(next);
    close();
  };
  return (
    <div role="status">
      {scope === undefined && !isOpen ? null : (
        <div className="scope-bar">
          {scope === undefined ? null : (
            <p>
              <strong>{words.scope.on(visible(scope, domainCharactersMax))}</strong>{' '}
              <span className="muted">{words.scope.rest}</span>
            </p>
          )}
          {isOpen ? (
            <form
              className="scope-form"
              onSubmit={(event) => {
                event.preventDefault();
                choose((typed ?? scope ?? '').trim());
              }}
            >
              <input
                type="text"
                name="domain"
                // It opens because somebody wants to type here.
                ref={(field) => field?.focus()}
                aria-label={words.scope.label}
                placeholder={words.scope.placeholder}
                maxLength={domainCharactersMax}
                autoCapitalize="off"
                autoComplete="off"
                spellCheck={false}
                value={typed ?? scope ?? ''}
                onChange={({ target }) => setTyped(target.value)}
                onKeyDown={({ key }) => (key === 'Escape' ? close() : undefined)}
              />
              <button type="submit">{words.scope.apply}</button>
            </form>
          ) : null}
          {scope === undefined ? null : (
            <button type="button" onClick={() => choose('')}>
              {words.scope.clear}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
