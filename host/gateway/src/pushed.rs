//! The body of a response that its guest pushes, as the client takes it.
//!
//! Owns the check of what leaves, and the guest from the head on: taking a frame lets it run.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use wasmtime_wasi_http::WasiBody;

use crate::error::Error;
use crate::idle::{Idle, too_idle};
use crate::push::{Guest, for_now};
use crate::response;

/// A piece of a body, unchecked.
type Piece = Result<Frame<Bytes>, wasmtime_wasi_http::Error>;

/// What there is of a body when its head is sent.
pub(crate) enum Beginning {
    /// All of it, in one piece at most.
    Whole(Bytes),
    /// Its first pieces, and where more will come from.
    Part(VecDeque<Piece>, WasiBody),
}

impl Beginning {
    /// Takes what is there, and what the guest has to say right after its head.
    pub(crate) fn of(guest: &mut Guest, mut body: WasiBody, cx: &mut Context<'_>) -> Self {
        let mut pieces = VecDeque::new();
        let mut has_run = false;
        // One piece can be sent with the head; what is beyond it only matters if it is the end.
        while pieces.len() < 2 {
            match Pin::new(&mut body).poll_frame(&mut for_now()) {
                Poll::Ready(Some(piece)) => pieces.push_back(piece),
                Poll::Ready(None) => break,
                Poll::Pending if has_run => return Self::Part(pieces, body),
                Poll::Pending => {
                    has_run = true;
                    // Whether it waits or has ended, the next poll of the body tells.
                    let _poll = guest.poll(cx);
                }
            }
        }
        match pieces.pop_front() {
            None => Self::Whole(Bytes::new()),
            Some(first) if pieces.is_empty() => match first.map(Frame::into_data) {
                Ok(Ok(data)) => Self::Whole(data),
                Ok(Err(trailers)) => Self::Part([Ok(trailers)].into(), body),
                Err(error) => Self::Part([Err(error)].into(), body),
            },
            Some(first) => {
                pieces.push_front(first);
                Self::Part(pieces, body)
            }
        }
    }
}

/// A body on its way. Dropping it ends the guest, unless the response was complete.
pub(crate) struct Pushed {
    /// None: the body has ended.
    guest: Option<Guest>,
    pieces: VecDeque<Piece>,
    body: WasiBody,
    /// What the declared length leaves.
    left: Option<u64>,
    /// The data that completed the declared length: it is held back until the guest has said that
    /// it is the last.
    held: Option<Bytes>,
    /// The wait for the guest's next piece.
    wait: Idle,
}

impl Pushed {
    pub(crate) fn new(
        guest: Guest,
        pieces: VecDeque<Piece>,
        body: WasiBody,
        length: Option<u64>,
    ) -> Self {
        Self {
            guest: Some(guest),
            pieces,
            body,
            left: length,
            held: None,
            wait: Idle::default(),
        }
    }

    /// What the declared length leaves.
    pub(crate) fn left(&self) -> Option<u64> {
        self.left
    }

    pub(crate) fn is_over(&self) -> bool {
        self.guest.is_none()
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        while let Some(guest) = &mut self.guest {
            let piece = match self.pieces.pop_front() {
                Some(piece) => Ok(Some(piece)),
                None => ready!(poll_piece(guest, &mut self.body, &mut self.wait, cx)),
            };
            self.wait.reset();
            let frame = match piece {
                Ok(Some(piece)) => self.check(piece),
                Ok(None) => self.end(),
                Err(error) => Err(error),
            };
            match frame {
                Ok(None) => {}
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                Err(error) => {
                    self.guest = None;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        Poll::Ready(None)
    }

    /// The frame of a piece; none if it is held back.
    fn check(&mut self, piece: Piece) -> Result<Option<Frame<Bytes>>, Error> {
        let guest = self.guest.as_mut().expect("a body that goes on has one");
        let frame = piece.map_err(|error| {
            let client = guest.outcome.client_error();
            client
                .or_else(|| guest.error.take())
                .unwrap_or_else(|| failed(&error))
        })?;
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                let mut trailers = frame.into_trailers().unwrap_or_default();
                response::check_map(&mut trailers, &guest.app.settings.limits)?;
                let trailers = Frame::trailers(trailers);
                if let Some(held) = self.held.take() {
                    self.pieces.push_front(Ok(trailers));
                    return Ok(Some(Frame::data(held)));
                }
                // Nobody asks for what is after them.
                self.end()?;
                return Ok(Some(trailers));
            }
        };
        let Some(left) = &mut self.left else {
            return Ok(Some(Frame::data(data)));
        };
        *left = left
            .checked_sub(data.len() as u64)
            .ok_or_else(|| response::bad("its body goes on after its content-length".to_owned()))?;
        if *left > 0 {
            return Ok(Some(Frame::data(data)));
        }
        self.held = Some(data);
        Ok(None)
    }

    /// Ends the body, with what was held back.
    fn end(&mut self) -> Result<Option<Frame<Bytes>>, Error> {
        if let Some(left) = self.left.filter(|&left| left > 0) {
            return Err(response::bad(format!(
                "its body ended {left} bytes before its content-length"
            )));
        }
        if let Some(guest) = self.guest.take() {
            if let Some(error) = guest.outcome.client_error() {
                return Err(error);
            }
            guest.finish_later();
        }
        Ok(self.held.take().map(Frame::data))
    }
}

/// The next piece of the body: one that is there, or one that the guest writes when it runs.
fn poll_piece(
    guest: &mut Guest,
    body: &mut WasiBody,
    wait: &mut Idle,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Piece>, Error>> {
    // While the guest runs here, what it writes need not wake anybody.
    if let Poll::Ready(piece) = Pin::new(&mut *body).poll_frame(&mut for_now()) {
        if let Some(Err(_)) = piece {
            // Why the body fails, the guest knows better.
            let _ended = guest.poll(cx);
        }
        return Poll::Ready(Ok(piece));
    }
    let ended = guest.poll(cx).is_ready();
    if let Poll::Ready(piece) = Pin::new(body).poll_frame(cx) {
        return Poll::Ready(Ok(piece));
    }
    if ended {
        let unfinished = || response::bad("it ended before its body did".to_owned());
        return Poll::Ready(Err(guest.error.take().unwrap_or_else(unfinished)));
    }
    let limit = guest.app.settings.limits.idle;
    wait.poll(limit, cx).map(|()| Err(too_idle(limit)))
}

/// The error of a body that its guest did not end well.
pub(crate) fn failed(error: &wasmtime_wasi_http::Error) -> Error {
    response::bad(format!("its body failed: {error}"))
}
