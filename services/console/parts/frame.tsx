// What stands around every page: navigation, the search box, freshness, settings, help.
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useLocation } from 'react-router';
import { useLiveState } from '../live/revision.ts';
import { paths } from '../paths.ts';
import { useConsole } from './console-context.ts';
import { HelpDialog } from './help-dialog.tsx';
import { ScopeBar, ScopeButton } from './scope-bar.tsx';
import { Link, NavLink } from './scoped-link.tsx';
import { SearchBox } from './search-box.tsx';
import { SettingsMenu } from './settings-menu.tsx';
import { useShortcuts } from './shortcuts.ts';

/** Says that the page is old and since when, and that it is fresh again. */
function StaleBanner() {
  const { words, format, announce } = useConsole();
  const { status, heardAt } = useLiveState();
  const wasStale = useRef(false);
  useEffect(() => {
    if (status === 'live' && wasStale.current) announce(words.stale.recovered);
    wasStale.current = status === 'stale';
  }, [status, announce, words]);
  return (
    <div role="status">
      {status === 'stale' ? (
        <p className="stale-banner">
          <strong>
            {heardAt === undefined ? words.link.stale : words.stale.title(format.moment(heardAt, Date.now()))}
          </strong>{' '}
          {heardAt === undefined ? words.stale.never : words.stale.text}
        </p>
      ) : null}
    </div>
  );
}

/** A tab and a bookmark are told apart by their titles. */
function useTitle(pathname: string): void {
  const { words } = useConsole();
  useEffect(() => {
    const titles: ReadonlyArray<readonly [path: string, title: string]> = [
      [paths.live(), words.live.title],
      [paths.report(), words.report.title],
      [paths.failover(), words.nav.failover],
      [`${paths.messages()}/`, words.story.title],
      [paths.messages(), words.messages.title],
    ];
    const title = titles.find(([path]) => pathname.startsWith(path))?.[1] ?? words.overview.title;
    document.title = `${title} · Mailward`;
  }, [pathname, words]);
}

function LinkState() {
  const { words } = useConsole();
  const { status } = useLiveState();
  return (
    <span className={`link-state ${status === 'live' ? 'tone-blue' : 'tone-grey'}`} data-status={status}>
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
        {status === 'live' ? (
          <circle cx="5" cy="5" r="4" fill="currentColor" />
        ) : (
          <circle cx="5" cy="5" r="3.8" fill="none" stroke="currentColor" strokeWidth="1.6" strokeDasharray="2.4 2.2" />
        )}
      </svg>
      <span>{words.link[status]}</span>
    </span>
  );
}

export function Frame({
  announced,
  children,
}: {
  readonly announced: string | undefined;
  readonly children: ReactNode;
}) {
  const { words } = useConsole();
  const { status } = useLiveState();
  const { pathname } = useLocation();
  useTitle(pathname);
  const searchField = useRef<HTMLInputElement>(null);
  const [helpIsOpen, setHelpIsOpen] = useState(false);
  const [scopeIsOpen, setScopeIsOpen] = useState(false);
  useShortcuts({ focusSearch: () => searchField.current?.select(), openHelp: () => setHelpIsOpen(true) });

  return (
    <>
      <a className="skip" href="#main">
        {words.nav.skip}
      </a>
      <header className="frame">
        <Link to={paths.overview()} className="brand">
          <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="7" fill="var(--blue)" />
            <path
              d="M7 22V10l9 7 9-7v12"
              fill="none"
              stroke="var(--surface)"
              strokeWidth="3"
              strokeLinejoin="round"
              strokeLinecap="round"
            />
          </svg>
          <span>Mailward</span>
        </Link>
        <nav aria-label={words.nav.main}>
          <NavLink to={paths.overview()} end>
            {words.nav.overview}
          </NavLink>
          <NavLink to={paths.messages()}>{words.nav.messages}</NavLink>
          <NavLink to={paths.report()}>{words.nav.reports}</NavLink>
          <NavLink to={paths.live()}>{words.nav.live}</NavLink>
          <NavLink to={paths.failover()}>{words.nav.failover}</NavLink>
        </nav>
        <SearchBox field={searchField} />
        <div className="frame-end">
          <ScopeButton isOpen={scopeIsOpen} toggle={() => setScopeIsOpen(!scopeIsOpen)} />
          <LinkState />
          <SettingsMenu openHelp={() => setHelpIsOpen(true)} />
        </div>
      </header>
      <StaleBanner />
      <ScopeBar isOpen={scopeIsOpen} close={() => setScopeIsOpen(false)} />
      <main id="main" tabIndex={-1} data-freshness={status} key={pathname}>
        {children}
      </main>
      <div className="announced" role="status" aria-live="polite">
        {announced === undefined ? null : <span>{announced}</span>}
      </div>
      {helpIsOpen ? <HelpDialog close={() => setHelpIsOpen(false)} /> : null}
    </>
  );
}
