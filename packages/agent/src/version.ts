/** Of the agent; told to the issuer in every report. The release script keeps it as in package.json. */
export const agentVersion = '0.1.0'
