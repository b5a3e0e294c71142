/** What the client secret at an identity provider is sealed for. */
export const identityProviderSecret = (project: string, id: string): string[] => ['identity_provider', project, id]
