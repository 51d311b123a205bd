"""Why the owner is asked, in the tenant's language."""

from __future__ import annotations

CATALOGUE = {
    "ru": {
        "learning_role": "Ответил не владелец",
        "learning_short": "Вопрос слишком короткий, чтобы узнать его снова",
        "learning_similar": "Заменит уже выученный ответ на «{{ question }}»",
        "learning_person": "Похоже, это касается только этого клиента",
        "learning_earlier": "Часть ответа ещё не подтверждена",
        "learning_unknown": "Этого нет в базе знаний: {{ what }}",
        "learning_name": "имя",
        "learning_date": "дата",
        "learning_phone": "телефон",
        "learning_price": "цена или число",
        "learning_discount": "скидка",
    },
    "kk": {
        "learning_role": "Жауап берген иесі емес",
        "learning_short": "Сұрақ тым қысқа, оны қайта тану қиын",
        "learning_similar": "Бұрын үйренген жауапты ауыстырады: «{{ question }}»",
        "learning_person": "Бұл тек осы клиентке қатысты сияқты",
        "learning_earlier": "Жауаптың бір бөлігі әлі расталмаған",
        "learning_unknown": "Білім қорында жоқ: {{ what }}",
        "learning_name": "есім",
        "learning_date": "күн",
        "learning_phone": "телефон",
        "learning_price": "баға немесе сан",
        "learning_discount": "жеңілдік",
    },
    "en": {
        "learning_role": "Not answered by the owner",
        "learning_short": "The question is too short to be recognised again",
        "learning_similar": "Takes the place of what was learnt for “{{ question }}”",
        "learning_person": "It seems to concern this customer alone",
        "learning_earlier": "A part of the answer is not confirmed yet",
        "learning_unknown": "Not in the knowledge: {{ what }}",
        "learning_name": "a name",
        "learning_date": "a date",
        "learning_phone": "a phone",
        "learning_price": "a price or number",
        "learning_discount": "a discount",
    },
}
