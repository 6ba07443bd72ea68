/** Raised when agents and control of two releases can no longer understand each other; hello carries it. */
export const protocolVersion = 1;
