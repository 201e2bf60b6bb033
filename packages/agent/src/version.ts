/** Of the agent; told to the issuer in every report. A test ties it to package.json. */
export const agentVersion = '0.1.0'
