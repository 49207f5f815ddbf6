//! `wattle mcp`: the Model Context Protocol on standard input and output, for programs that start a server themselves.
//!
//! Each line is a message. What needs no agent is answered here, so that a program can begin before the agent runs; the rest is one call of the
//! agent's API, made as before the newest revision, whose envelope is added here.

use super::output::{Stop, foreign, print_next};
use crate::http::client::{Client, Failure};
use crate::limits::MCP_LINE_MAX;
use crate::wire::mcp::{self, Answer, Call, Fault, Incoming, NOT_DONE, Request};
use serde_json::{Value, json};
use std::io::{BufRead, Read};

/// Answers messages until the input ends.
pub(super) fn run(client: impl Fn() -> Result<Client, Failure>) -> Result<(), Stop> {
    let mut input = std::io::stdin().lock();
    while let Some(line) = line(&mut input)? {
        let answer = match line.map(|line| (line.iter().all(u8::is_ascii_whitespace), mcp::read(&line))) {
            Some((true, _) | (_, Ok(Incoming::Notification))) => continue,
            Some((_, Ok(Incoming::Request(request)))) => answer(&request, &client),
            Some((_, Err(fault))) => fault.answer(),
            None => Fault::too_long(MCP_LINE_MAX).answer(),
        };
        print_next(&foreign(&answer))?;
    }
    Ok(())
}

/// The next line; `None` at the end, and `Some(None)` for one that is too long.
fn line(input: &mut impl BufRead) -> Result<Option<Option<Vec<u8>>>, Stop> {
    let failed = |error: std::io::Error| Stop::NotDone(format!("The input cannot be read: {error}."));
    let mut line = Vec::new();
    // The end of the line is no byte of the message.
    let read = input.by_ref().take(MCP_LINE_MAX as u64 + 1).read_until(b'\n', &mut line).map_err(failed)?;
    let fits = read <= MCP_LINE_MAX || line.last() == Some(&b'\n');
    let mut is_whole = fits;
    while !is_whole {
        // The rest is passed over piece by piece.
        let mut rest = Vec::new();
        let read = input.by_ref().take(4096).read_until(b'\n', &mut rest).map_err(failed)?;
        is_whole = read == 0 || rest.last() == Some(&b'\n');
    }
    Ok((read > 0).then_some(fits.then_some(line)))
}

fn answer(request: &Request, client: &impl Fn() -> Result<Client, Failure>) -> Answer {
    if let Some(answer) = mcp::answered(request) {
        return answer;
    }
    let (parameters, is_tool) = match &request.call {
        Call::CallTool(name, arguments) => (json!({ "name": name, "arguments": arguments }), true),
        Call::ReadResource(uri) => (json!({ "uri": uri }), false),
        Call::ListResources(Some(after)) => (json!({ "cursor": after }), false),
        _ => (json!({}), false),
    };
    // The program's id goes no further: the answer to the one call is known without it.
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": request.method, "params": parameters });
    let answered = client().map(|client| smol::block_on(client.mcp(message)));
    match answered.flatten() {
        Ok(mut answer) if answer["result"].is_object() => {
            let mut result = answer["result"].take();
            if !is_tool {
                result["ttlMs"] = json!(0);
                result["cacheScope"] = json!("private");
            }
            mcp::result_of(request, result)
        }
        Ok(mut fault) => match fault.get_mut("error").map(Value::take) {
            Some(error) => Answer::not_done(Some(&request.id), error),
            None => Fault::of(request, NOT_DONE, "The agent's answer has neither a result nor an error.").answer(),
        },
        // A model can say what is wrong, and its owner start the agent.
        Err(failure) if is_tool => {
            let text = json!([{ "type": "text", "text": failure.sentence() }]);
            mcp::result_of(request, json!({ "content": text, "isError": true }))
        }
        Err(failure) => Fault::of(request, NOT_DONE, failure.sentence()).answer(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_one_is_read() {
        let long = [vec![b'x'; 3 * MCP_LINE_MAX + 5], b"\nnext\n\nlast".to_vec()].concat();
        let mut input = std::io::BufReader::new(long.as_slice());
        let mut next = || line(&mut input).unwrap();
        assert_eq!(next(), Some(None), "it is told apart from one that is no JSON");
        let is = |line: &[u8]| Some(Some(line.to_vec()));
        assert_eq!([next(), next(), next(), next()], [is(b"next\n"), is(b"\n"), is(b"last"), None]);
        for (length, fits) in [(MCP_LINE_MAX, true), (MCP_LINE_MAX + 1, false)] {
            let whole = [vec![b'x'; length], b"\nnext".to_vec()].concat();
            let mut input = std::io::BufReader::new(whole.as_slice());
            assert_eq!(line(&mut input).unwrap().unwrap().is_some(), fits, "{length}");
            assert_eq!(line(&mut input).unwrap(), is(b"next"));
        }
        let told = Fault::too_long(MCP_LINE_MAX).answer().to_string();
        assert!(told.contains("too long") && told.contains(&MCP_LINE_MAX.to_string()), "{told}");
    }

    #[test]
    fn a_program_can_begin_without_an_agent_and_its_model_is_told_that_none_runs() {
        let none = || Err(Failure::NoAgent("No agent runs.".to_owned()));
        let asked = |message: Value| match mcp::read(message.to_string().as_bytes()) {
            Ok(Incoming::Request(request)) => {
                serde_json::from_str::<Value>(&answer(&request, &none).to_string()).unwrap()
            }
            other => panic!("{other:?}"),
        };
        let tools = asked(json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }));
        assert_eq!(tools["result"]["tools"][0]["name"], "search");
        let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "status" } });
        let told = asked(call);
        assert_eq!(
            (&told["result"]["isError"], &told["result"]["content"][0]["text"]),
            (&json!(true), &json!("No agent runs."))
        );
        let list = asked(json!({ "jsonrpc": "2.0", "id": 3, "method": "resources/list" }));
        assert_eq!(list["error"]["message"], "No agent runs.");
    }
}
