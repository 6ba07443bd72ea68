// A scope lasts: whoever follows a link of the console stays in the domain that was chosen, because every address carries it.
import { useCallback } from 'react';
import * as router from 'react-router';
import { useSearchParams } from 'react-router';
import { keepScope } from '../paths.ts';

/** The domain of the view; `undefined` when it is of all mail. */
export function useScope(): string | undefined {
  const [search] = useSearchParams();
  return search.get('domain')?.trim() || undefined;
}

type LinkProps = Omit<router.LinkProps, 'to'> & { readonly to: string };
type NavLinkProps = Omit<router.NavLinkProps, 'to'> & { readonly to: string };

export function Link({ to, ...rest }: LinkProps) {
  return <router.Link {...rest} to={keepScope(to, useScope())} />;
}

export function NavLink({ to, ...rest }: NavLinkProps) {
  return <router.NavLink {...rest} to={keepScope(to, useScope())} />;
}

export function useScopedNavigate(): (to: string, options?: { readonly replace: boolean }) => void {
  const navigate = router.useNavigate();
  const scope = useScope();
  return useCallback((to, options) => void navigate(keepScope(to, scope), options), [navigate, scope]);
}
