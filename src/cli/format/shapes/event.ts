/** The Go struct type of an event at Engine API 1.50, in the notation of template/shape.ts. */
export default `
Message events.Message
  Status string status
  ID string id
  From string from
  Type string
  Action string
  Actor Actor
  Scope string scope
  Time int time
  TimeNano int timeNano
Actor events.Actor
  ID string
  Attributes map[string]string
`;
