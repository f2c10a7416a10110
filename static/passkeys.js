// What a page says when a passkey did not answer, and where a browser has none at all.
(function () {
  const place = document.querySelector('[data-passkey-error]')
  function say (words) {
    if (!place) return
    place.textContent = words
    place.hidden = false
  }
  if (!window.PublicKeyCredential || !window.isSecureContext) {
    say('This browser does not use passkeys here; take another way.')
  }
  document.addEventListener('allauth.error', function (event) {
    event.preventDefault()
    const error = event.detail.exception
    say(error && error.name === 'InvalidStateError'
      ? 'This passkey is one of yours already.'
      : 'No passkey answered; try again, or take another way.')
  })
})()
