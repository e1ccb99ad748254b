//! The engine of interactive pages: the JSON of a graph in, frames of a figure out.
//!
//! A page writes text into the memory it got from [`input`], calls, and reads the answer at [`output`]; so bytes cross
//! without a pointer being followed on this side, and without generated code on the other. Every function is safe; what
//! is exempt from the ban on unsafe code are the attributes that keep their names.
#![expect(
    unsafe_code,
    reason = "a function keeps its name in a module by an attribute that counts as unsafe"
)]

use std::sync::Mutex;

use netloom::live::{Live, State, VERSION};

/// What crosses, and the model between two calls.
struct Desk {
    input: Vec<u8>,
    output: Vec<u8>,
    live: Option<Live>,
}

static DESK: Mutex<Desk> = Mutex::new(Desk { input: Vec::new(), output: Vec::new(), live: None });

/// Runs with the desk; a call that stopped halfway leaves it as usable as before.
fn with<T>(run: impl FnOnce(&mut Desk) -> T) -> T {
    run(&mut DESK.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Which pages this engine understands.
#[unsafe(no_mangle)]
pub extern "C" fn version() -> u32 {
    VERSION
}

/// Room for so many bytes of input; what was there before is gone.
#[unsafe(no_mangle)]
pub extern "C" fn input(len: usize) -> *mut u8 {
    with(|desk| {
        desk.input = vec![0; len];
        desk.input.as_mut_ptr()
    })
}

/// Where the answer of the last call stands.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    with(|desk| desk.output.as_ptr())
}

/// How many bytes the answer of the last call has.
#[unsafe(no_mangle)]
pub extern "C" fn output_len() -> usize {
    with(|desk| desk.output.len())
}

/// Takes a graph, as [`Live::json`] writes it. Gives 0 when all is well; else the answer says what is not.
#[unsafe(no_mangle)]
pub extern "C" fn load() -> u32 {
    with(|desk| {
        let json = std::mem::take(&mut desk.input);
        let read = Live::read(json).map(|live| desk.live = Some(live)).map_err(|e| e.to_string());
        answer(desk, read.map(|()| String::new()))
    })
}

/// Draws a state, given as JSON; see [`State`]. Gives 0 and the frame as JSON, or 1 and what is wrong.
#[unsafe(no_mangle)]
pub extern "C" fn frame() -> u32 {
    with(|desk| {
        let state = State::read(&std::mem::take(&mut desk.input)).map_err(|e| e.to_string());
        let frame = state.and_then(|state| match &mut desk.live {
            Some(live) => live.frame(&state).map_err(|e| e.to_string()),
            None => Err("expected a graph before a state".to_owned()),
        });
        answer(desk, frame)
    })
}

fn answer(desk: &mut Desk, result: Result<String, String>) -> u32 {
    let code = u32::from(result.is_err());
    desk.output = result.unwrap_or_else(|e| e).into_bytes();
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn give(text: &str) {
        assert!(!input(text.len()).is_null());
        with(|desk| desk.input.copy_from_slice(text.as_bytes()));
    }

    fn answer() -> String {
        assert!(!output().is_null());
        with(|desk| String::from_utf8_lossy(&desk.output).into_owned())
    }

    #[test]
    fn a_graph_is_taken_and_drawn() {
        give("{}");
        assert_eq!((frame(), answer().as_str()), (1, "expected a graph before a state"));
        give("no graph");
        assert_eq!(load(), 1);
        let text = "input x [1, 8]\nlinear(4) > relu > linear(2)\n";
        let graph = netloom::read(&netloom::Bytes::new("mlp.loom", text.as_bytes().to_vec())).unwrap();
        give(&netloom::import::writers::json::write(&graph));
        assert_eq!(load(), 0, "{}", answer());
        give("{\"depth\":2}");
        assert_eq!(frame(), 0, "{}", answer());
        assert!(answer().contains("\"role\":\"node\"") && output_len() > 100);
        give("{\"depth\":\"two\"}");
        assert_eq!(frame(), 1);
        assert!(version() > 0);
    }
}
