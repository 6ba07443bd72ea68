// A page may bring its own styles.
declare module '*.css';
